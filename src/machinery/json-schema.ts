import { isDeepStrictEqual } from 'node:util'
import { type FieldError, fieldInvalid, fieldNotSupported } from './field-error.ts'

/** The parts of a schema in a CustomResourceDefinition that bound values. */
interface ValueSchema {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly items?: unknown
  readonly additionalProperties?: unknown
  readonly required?: readonly string[]
  readonly nullable?: boolean
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly unknown[]
  readonly anyOf?: readonly unknown[]
  readonly oneOf?: readonly unknown[]
  readonly not?: unknown
}

type Loose = Readonly<Record<string, unknown>>
type Check = (value: never, schema: ValueSchema) => string | undefined

/** By the kind of value: what is wrong with it, in upstream's words. */
const bounds: Readonly<Record<string, readonly Check[]>> = {
  number: [
    (value: number, { minimum, exclusiveMinimum }) => {
      if (minimum === undefined || (exclusiveMinimum ? value > minimum : value >= minimum)) return undefined
      return `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`
    },
    (value: number, { maximum, exclusiveMaximum }) => {
      if (maximum === undefined || (exclusiveMaximum ? value < maximum : value <= maximum)) return undefined
      return `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`
    },
    (value: number, { multipleOf }) =>
      multipleOf === undefined || Number.isInteger(value / multipleOf)
        ? undefined
        : `should be a multiple of ${multipleOf}`,
  ],
  string: [
    (value: string, { minLength = 0 }) =>
      [...value].length < minLength ? `should be at least ${minLength} chars long` : undefined,
    (value: string, { maxLength = Number.POSITIVE_INFINITY }) =>
      [...value].length > maxLength ? `should be at most ${maxLength} chars long` : undefined,
    (value: string, { pattern }) =>
      pattern === undefined || expression(pattern).test(value) ? undefined : `should match '${pattern}'`,
  ],
  array: [
    (value: readonly unknown[], { minItems = 0 }) =>
      value.length < minItems ? `should have at least ${minItems} items` : undefined,
    (value: readonly unknown[], { maxItems = Number.POSITIVE_INFINITY }) =>
      value.length > maxItems ? `must have at most ${maxItems} items` : undefined,
  ],
  object: [
    (value: Loose, { minProperties = 0 }) =>
      Object.keys(value).length < minProperties ? `should have at least ${minProperties} properties` : undefined,
    (value: Loose, { maxProperties = Number.POSITIVE_INFINITY }) =>
      Object.keys(value).length > maxProperties ? `must have at most ${maxProperties} items` : undefined,
  ],
}

const expressions = new Map<string, RegExp>()

/** Go's expressions are nearly all JavaScript's too; one that is not refuses nothing. */
function expression(pattern: string): RegExp {
  let found = expressions.get(pattern)
  if (found) return found
  try {
    found = new RegExp(pattern, 'u')
  } catch {
    found = /(?:)/
  }
  expressions.set(pattern, found)
  return found
}

const kindOf = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value)

/** Everything about a value that its schema does not allow, beside its shape. */
export function valueErrors(given: unknown, value: unknown, path = ''): FieldError[] {
  const schema = (given ?? {}) as ValueSchema
  if (value === undefined || (value === null && schema.nullable)) return []
  const at = path || '<root>'
  const errors: FieldError[] = []
  if (schema.enum && !schema.enum.some(one => isDeepStrictEqual(one, value))) {
    errors.push(fieldNotSupported(at, value, schema.enum.map(String)))
  }
  for (const check of bounds[kindOf(value)] ?? []) {
    const why = check(value as never, schema)
    if (why) errors.push(fieldInvalid(at, value, `${at} in body ${why}`))
  }
  return [...errors, ...combinationErrors(schema, value, path, at), ...innerErrors(schema, value, path)]
}

function combinationErrors(schema: ValueSchema, value: unknown, path: string, at: string): FieldError[] {
  const fits = (one: unknown) => holds(one, value)
  const errors = (schema.allOf ?? []).flatMap(one => valueErrors(one, value, path))
  if (schema.anyOf && !schema.anyOf.some(fits)) {
    errors.push(fieldInvalid(at, value, `${at} in body must validate at least one schema (anyOf)`))
  }
  if (schema.oneOf && schema.oneOf.filter(fits).length !== 1) {
    errors.push(fieldInvalid(at, value, `${at} in body must validate one and only one schema (oneOf)`))
  }
  if (schema.not && fits(schema.not))
    errors.push(fieldInvalid(at, value, `${at} in body must not validate the schema (not)`))
  return errors
}

/** Inside of combinations nothing has looked at types and at what is required yet. */
function holds(given: unknown, value: unknown): boolean {
  const schema = given as ValueSchema
  const kind = kindOf(value)
  if (schema.type && schema.type !== kind && !(schema.type === 'integer' && Number.isInteger(value))) return false
  if (kind === 'object') {
    if (schema.required?.some(name => (value as Loose)[name] === undefined)) return false
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      const field = (value as Loose)[name]
      if (field !== undefined && !holds(inner, field)) return false
    }
  }
  return valueErrors(schema, value).length === 0
}

function innerErrors(
  { properties, items, additionalProperties }: ValueSchema,
  value: unknown,
  path: string,
): FieldError[] {
  if (Array.isArray(value)) return items ? value.flatMap((one, i) => valueErrors(items, one, `${path}[${i}]`)) : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const inner = properties?.[name] ?? (additionalProperties === true ? undefined : additionalProperties)
    return inner ? valueErrors(inner, field, path ? `${path}.${name}` : name) : []
  })
}
