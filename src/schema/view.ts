import type { Fields, Node, Presence, Schema, Shape, TypeOptions } from './schema.ts'

/**
 * A schema as readers walk it: wrappers taken off, one flat record. Made once per schema object and remembered, so
 * readers may compile what they need from it.
 */
export interface View {
  readonly node: Node
  readonly presence: Presence
  /** OpenAPI says the field is required. */
  readonly isRequired: boolean
  /** Field name -> view, for a declared type. */
  readonly fields?: ReadonlyMap<string, View>
  /** View of the elements, for a list or a map. */
  readonly element?: View
  readonly many?: 'list' | 'map'
  /** Full definition name, for a declared type or a named scalar. */
  readonly definition?: string
  readonly options?: TypeOptions
}

interface Loose extends Schema {
  readonly fields?: Fields
  readonly element?: Schema
  readonly many?: 'list' | 'map'
  readonly inner?: Schema
  readonly presence?: Presence
  readonly resolve?: () => Schema
}

const known = new WeakMap<object, View>()

/** The view of a schema. Recursive types give recursive views. */
export function view(schema: Schema): View {
  const seen = known.get(schema)
  if (seen) return seen
  const made: { -readonly [K in keyof View]: View[K] } = { node: schema.node, presence: 'optional', isRequired: false }
  known.set(schema, made)
  let bare = schema as Loose
  while (bare.inner || bare.resolve) {
    if (bare.presence && made.presence === 'optional') made.presence = bare.presence
    if (bare.presence === 'required') made.isRequired = true
    bare = (bare.inner ?? bare.resolve!()) as Loose
  }
  if (bare.fields) {
    const shape = bare as unknown as Shape<Fields>
    made.fields = new Map(Object.entries(shape.fields).map(([name, field]) => [name, view(field)]))
    made.definition = shape.definition
    made.options = shape.options
  }
  if (bare.element) {
    made.element = view(bare.element)
    if (bare.many) made.many = bare.many
  }
  if (bare.node.definition) made.definition = bare.node.definition
  return made
}
