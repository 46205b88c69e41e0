import {
  type AnyStruct,
  type Fields,
  json,
  list,
  map,
  type Node,
  named,
  type Schema,
  string,
  struct,
} from './schema.ts'

/** The parts of a schema in a CustomResourceDefinition that say what its objects look like. */
export interface StructuralSchema {
  readonly type?: string | undefined
  readonly format?: string | undefined
  readonly default?: unknown
  readonly nullable?: boolean | undefined
  readonly properties?: Readonly<Record<string, unknown>> | undefined
  readonly required?: readonly string[] | undefined
  readonly items?: unknown
  readonly additionalProperties?: unknown
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined
  readonly 'x-kubernetes-list-type'?: string | undefined
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined
  readonly 'x-kubernetes-map-type'?: string | undefined
}

/** What a custom kind is called. */
export interface CustomKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Reads a structural schema into a type, as if it had been declared like those that are built in. */
export function structuralType(of: CustomKind, root: StructuralSchema, metadata: Schema): AnyStruct {
  const { group, version, kind } = of
  const { apiVersion: _, kind: __, metadata: ___, ...properties } = root.properties ?? {}
  const open = root['x-kubernetes-preserve-unknown-fields'] === true
  const own = fieldsOf({ ...root, properties })
  const fields: Fields = {
    apiVersion: string(),
    kind: string(),
    metadata: { ...wrapped(metadata, {}, 'always') },
    ...own,
  }
  const pkg = [...group.split('.').reverse(), version].join('.')
  const Type = class extends struct(pkg, fields, { kind: true, custom: true, group, version }) {}
  Object.defineProperty(Type, 'name', { value: kind })
  if (open) Object.defineProperty(Type, 'node', { value: { type: 'object', open } satisfies Node })
  return Type as unknown as AnyStruct
}

const wrapped = (inner: Schema, node: Node, presence: string) => ({ node: { ...inner.node, ...node }, inner, presence })

function fieldsOf({ properties = {}, required = [] }: StructuralSchema): Fields {
  const entries = Object.entries(properties).map(([name, given]) => {
    const schema = given as StructuralSchema
    const bare = schemaOf(schema)
    const field = required.includes(name) ? wrapped(bare, {}, 'required') : bare
    return [name, schema.default === undefined ? field : wrapped(field, { default: schema.default }, 'defaulted')]
  })
  return Object.fromEntries(entries)
}

const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'

function schemaOf(schema: StructuralSchema): Schema {
  const node: Node = {
    ...(schema.nullable && { nullable: true }),
    ...(schema.format && { format: schema.format }),
  }
  if (schema['x-kubernetes-int-or-string']) return named(intOrString, { format: 'int-or-string', ...node })
  const mapType = schema['x-kubernetes-map-type'] as Node['mapType']
  const open = schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-embedded-resource']
  if (schema.type === 'array') {
    const kind = schema['x-kubernetes-list-type'] as Node['list']
    const keys = schema['x-kubernetes-list-map-keys']
    const element = schema.items ? schemaOf(schema.items as StructuralSchema) : json()
    return list(element, { ...node, ...(kind && { list: kind }), ...(keys && { keys }) })
  }
  const more = schema.additionalProperties
  if (more && !schema.properties) {
    return map(more === true ? json() : schemaOf(more as StructuralSchema), { ...node, ...(mapType && { mapType }) })
  }
  if (schema.type === 'object' || schema.properties) {
    const own: Node = { type: 'object', ...node, ...(open && { open: true }), ...(mapType && { mapType }) }
    return { node: own, fields: fieldsOf(schema), options: { custom: true } } as Schema
  }
  if (open || !schema.type) return json(node)
  return { node: { type: schema.type as NonNullable<Node['type']>, ...node } }
}
