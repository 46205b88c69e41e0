import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../machinery/field-error.ts'
import type { Errors } from './rules.ts'

/** A schema as it stands in a CustomResourceDefinition. */
interface Schema {
  readonly type?: string | undefined
  readonly properties?: Readonly<Record<string, unknown>> | undefined
  readonly items?: unknown
  readonly additionalProperties?: unknown
  readonly $ref?: string | undefined
  readonly uniqueItems?: boolean | undefined
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined
  readonly 'x-kubernetes-list-type'?: string | undefined
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

/** What makes a schema structural: every level says its type, and nothing points elsewhere. */
export function validateStructure(root: Schema, path: string): Errors {
  if (root.type !== undefined && root.type !== '' && root.type !== 'object') {
    return [fieldInvalid(`${path}.type`, root.type, 'must be object at the root')]
  }
  return validateLevel(root, path, 'at the root')
}

function validateLevel(schema: Schema, path: string, where: string): Errors {
  const errors: FieldError[] = []
  const free = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (!schema.type && !(free && where !== 'at the root')) {
    errors.push(fieldRequired(`${path}.type`, `must not be empty ${where}`))
  } else if (schema.type && !types.includes(schema.type)) {
    errors.push(fieldNotSupported(`${path}.type`, schema.type, types))
  }
  if (schema.$ref !== undefined) errors.push(fieldForbidden(`${path}.$ref`, '$ref is not supported'))
  if (schema.uniqueItems) {
    errors.push(
      fieldForbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  }
  if (schema.type === 'array' && !schema.items) {
    errors.push(fieldRequired(`${path}.items`, 'must be specified'))
  }
  if (schema['x-kubernetes-list-type'] === 'map' && !schema['x-kubernetes-list-map-keys']?.length) {
    const why = 'must not be empty if x-kubernetes-list-type is map'
    errors.push(fieldRequired(`${path}.x-kubernetes-list-map-keys`, why))
  }
  return [...errors, ...validateBelow(schema, path)]
}

function validateBelow({ properties, items, additionalProperties }: Schema, path: string): Errors {
  const errors: FieldError[] = []
  if (properties && isSchema(additionalProperties)) {
    errors.push(
      fieldForbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
  }
  for (const [name, property] of Object.entries(properties ?? {})) {
    if (!isSchema(property)) continue
    errors.push(...validateLevel(property, `${path}.properties[${name}]`, 'for specified object fields'))
  }
  if (isSchema(items)) errors.push(...validateLevel(items, `${path}.items`, 'for specified array items'))
  if (isSchema(additionalProperties)) {
    const at = `${path}.additionalProperties`
    errors.push(...validateLevel(additionalProperties, at, 'for specified object fields'))
  }
  return errors
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
