/**
 * The language the Kubernetes API is declared in. One class per type: its instance type is the object as read
 * (immutable, defaults filled in), its statics are the schema that every reader walks: defaulting, validation, pruning,
 * patches, OpenAPI, tables. Types are parametrized by their fields, which keeps the checker fast over the whole API.
 */

/** What a schema says beyond its shape; the names on the left are ours, the meaning is OpenAPI's and x-kubernetes-*. */
export interface Node {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  readonly format?: string
  /** Full definition name where OpenAPI refers to a shared scalar (Time, Quantity, ...). */
  readonly definition?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  /** x-kubernetes-list-type */
  readonly list?: 'atomic' | 'set' | 'map'
  /** x-kubernetes-list-map-keys */
  readonly keys?: readonly string[]
  /** x-kubernetes-patch-strategy, -patch-merge-key: how a strategic merge patch treats the field. */
  readonly patchStrategy?: string
  readonly patchMergeKey?: string
  /** x-kubernetes-map-type: an atomic map or object is replaced as a whole by server-side apply. */
  readonly mapType?: 'atomic' | 'granular'
  /** x-kubernetes-preserve-unknown-fields: anything goes below here; never pruned. */
  readonly open?: boolean
  /** Custom resources: null is a value of this field, kept as it is. */
  readonly nullable?: boolean
  /** Required by OpenAPI, and yet the empty string is a value like any other. */
  readonly mayBeEmpty?: boolean
}

declare const value: unique symbol
/** optional: may be absent. required: the writer gives it. defaulted: filled with a constant. always: the server sets it. */
export type Presence = 'optional' | 'required' | 'defaulted' | 'always'

export interface Schema {
  readonly node: Node
}
export interface Scalar<T> extends Schema {
  readonly [value]?: T
}
export interface List<E> extends Schema {
  readonly element: E
  readonly many: 'list'
}
export interface Dict<E> extends Schema {
  readonly element: E
  readonly many: 'map'
}
export interface With<S, P extends Presence> extends Schema {
  readonly inner: S
  readonly presence: P
}
export interface Lazy<T> extends Schema {
  readonly [value]?: T
  readonly resolve: () => Schema
}
export interface Fields {
  readonly [name: string]: Schema
}
/** Fills defaults that depend on sibling fields; called on a mutable copy after constant defaults are in. */
export type Fill = (object: Record<string, unknown>) => void
export interface TypeOptions {
  readonly mapType?: 'atomic' | 'granular'
  readonly fill?: Fill
  /** A kind of its own: has apiVersion and kind on the wire. */
  readonly kind?: boolean
  /** Where a kind of its own belongs; OpenAPI says it. */
  readonly group?: string
  readonly version?: string
  /** Declared by a CustomResourceDefinition: JSON Schema's idea of absent and required holds, not Go's. */
  readonly custom?: boolean
  /** x-kubernetes-unions, as OpenAPI writes them. */
  readonly unions?: readonly unknown[]
}
export interface Shape<F extends Fields> extends Schema {
  readonly fields: F
  readonly options: TypeOptions
  /** Full OpenAPI definition name, `io.k8s.api.core.v1.Pod`. */
  readonly definition: string
}
export type Struct<F extends Fields> = (abstract new () => ReadOf<F>) & Shape<F>
/** Any declared type, when its fields do not matter. */
export type AnyStruct = (abstract new () => object) & Shape<Fields>

type Is<S, P> = S extends With<unknown, infer Q> ? (Q extends P ? true : false) : 'optional' extends P ? true : false
type Keys<F, P> = { [K in keyof F]: Is<F[K], P> extends true ? K : never }[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }
export type ReadOf<F> = Flat<
  { readonly [K in Keys<F, 'required' | 'defaulted' | 'always'>]: Read<F[K]> } & {
    readonly [K in Keys<F, 'optional'>]?: Read<F[K]> | undefined
  }
>
export type WriteOf<F> = Flat<
  { [K in Keys<F, 'required'>]: Write<F[K]> } & {
    [K in Keys<F, 'optional' | 'defaulted' | 'always'>]?: Write<F[K]> | undefined
  }
>
/** The value as read from the API: deeply readonly, with what is defaulted present. */
export type Read<S> = S extends abstract new () => infer I
  ? I
  : S extends With<infer X, Presence>
    ? Read<X>
    : S extends List<infer E>
      ? readonly Read<E>[]
      : S extends Dict<infer E>
        ? Readonly<Record<string, Read<E>>>
        : S extends Scalar<infer T>
          ? T
          : never
/** The value as a writer gives it: what is defaulted may be left out. A value that was read can be written again. */
export type Write<S> =
  S extends Shape<infer F>
    ? WriteOf<F>
    : S extends With<infer X, Presence>
      ? Write<X>
      : S extends List<infer E>
        ? readonly Write<E>[]
        : S extends Dict<infer E>
          ? Readonly<Record<string, Write<E>>>
          : S extends Scalar<infer T>
            ? T
            : never

const scalar = <T>(node: Node): Scalar<T> => ({ node })
export const string = (node: Node = {}) => scalar<string>({ type: 'string', ...node })
export const bool = (node: Node = {}) => scalar<boolean>({ type: 'boolean', ...node })
export const int32 = (node: Node = {}) => scalar<number>({ type: 'integer', format: 'int32', ...node })
export const int64 = (node: Node = {}) => scalar<number>({ type: 'integer', format: 'int64', ...node })
export const double = () => scalar<number>({ type: 'number', format: 'double' })
/** Base64 in JSON. */
export const bytes = () => scalar<string>({ type: 'string', format: 'byte' })
/** A scalar with a definition of its own in OpenAPI (Time, Quantity, IntOrString ...). */
export const named = <T>(definition: string, node: Node) => scalar<T>({ ...node, definition })
/** Any JSON below here, kept as it came. */
export const json = (node: Node = {}) => scalar<unknown>({ open: true, ...node })

/** Any names, with values of one type. */
export const map = <const S extends Schema>(element: S, node: Node = {}): Dict<S> => ({
  node: { type: 'object', ...node },
  element,
  many: 'map',
})
/** A list with no list type said in OpenAPI: treated as atomic. */
export const list = <const S extends Schema>(element: S, node: Node = {}): List<S> => ({
  node: { type: 'array', ...node },
  element,
  many: 'list',
})
/** A list that is replaced as a whole. */
export const atomicList = <const S extends Schema>(element: S, node: Node = {}) =>
  list(element, { list: 'atomic', ...node })
/** A list of values that are there once. */
export const setOf = <const S extends Schema>(element: S, node: Node = {}) => list(element, { list: 'set', ...node })
/** A list whose elements are told apart by `keys`; merged by the first of them unless `node` says otherwise. */
export const listBy = <const S extends Schema>(element: S, keys: readonly (keyof Read<S> & string)[], node?: Node) =>
  list(element, {
    list: 'map',
    keys,
    ...(node ?? { patchStrategy: 'merge', patchMergeKey: keys[0]! }),
  })

/** More facts about a field (patch strategy, map type, limits) than its type has. */
export const noted = <const S extends Schema>(inner: S, node: Node): With<S, 'optional'> => ({
  node: { ...inner.node, ...node },
  inner,
  presence: 'optional',
})
/** The writer gives it. */
export const required = <const S extends Schema>(inner: S): With<S, 'required'> => ({
  node: inner.node,
  inner,
  presence: 'required',
})
/** Set by the server on every stored object; an object-valued one is filled with `{}`. */
export const always = <const S extends Schema>(inner: S): With<S, 'always'> => ({
  node: inner.node,
  inner,
  presence: 'always',
})
/** Set by the server in any case, although OpenAPI says it is required. */
export const requiredAlways = <const S extends Schema>(inner: S): With<S, 'always'> => ({
  node: inner.node,
  inner: required(inner) as never,
  presence: 'always',
})
/** Filled with a constant when it is left out. */
export const dflt = <const S extends Schema>(inner: S, to: Write<S>): With<S, 'defaulted'> => ({
  node: { ...inner.node, default: to },
  inner,
  presence: 'defaulted',
})
/** A field that OpenAPI says is required, and that has a default all the same. */
export const requiredDflt = <const S extends Schema>(inner: S, to: Write<S>): With<S, 'defaulted'> => ({
  node: { ...inner.node, default: to },
  inner: required(inner) as never,
  presence: 'defaulted',
})
/** For a type that contains itself: the reader's type is given by hand. */
export const lazy = <T>(resolve: () => Schema): Lazy<T> & Scalar<T> => ({ node: { type: 'object' }, resolve })

/** Declares a type in a package: `class X extends struct('io.k8s.api.core.v1', {...}) {}`. */
export function struct<const F extends Fields>(pkg: string, fields: F, options: TypeOptions = {}): Struct<F> {
  abstract class Type {}
  return Object.defineProperties(Type, {
    node: { value: { type: 'object', ...(options.mapType && { mapType: options.mapType }) } satisfies Node },
    fields: { value: fields },
    options: { value: options },
    // Asked of the class that extends this one, which has the name.
    definition: {
      get(this: { name: string }) {
        return `${pkg}.${this.name}`
      },
    },
  }) as never
}
