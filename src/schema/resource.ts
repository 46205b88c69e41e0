import type { AnyStruct, Read, Write } from './schema.ts'

/** A column of the server-side table (`kubectl get`). Priority 0 is always shown, 1 only with `-o wide`. */
export interface Column<T> {
  readonly name: string
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly priority?: 0 | 1
  /** What to show; `undefined` shows as `<none>`, a date as an age. `now` is milliseconds since the epoch. */
  readonly of: (object: T, now: number) => string | number | boolean | undefined
}

/** What can be asked of a resource. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** Where /scale finds its numbers; paths are dotted. */
export interface ScalePaths {
  readonly replicas: string
  readonly statusReplicas: string
  /** Dotted path of the label selector (object or string) that /scale reports. */
  readonly selector?: string
}

/** What a declaration says of where and how its objects are served. */
export interface ResourceOptions<T> {
  readonly plural: string
  readonly singular?: string
  readonly short?: readonly string[]
  readonly categories?: readonly string[]
  readonly namespaced: boolean
  /** Default: all eight. Types that are only asked, not stored (reviews), say `['create']`. */
  readonly verbs?: readonly Verb[]
  /** Beside the object itself: `status: true`, `scale: {...}`, and the names of others (`log`, `exec`, `binding` ...). */
  readonly status?: boolean
  readonly scale?: ScalePaths
  readonly subresources?: readonly string[]
  /** Field selectors beyond metadata.name and metadata.namespace: dotted paths. */
  readonly selectableFields?: readonly string[]
  readonly columns?: readonly Column<T>[]
  /** Directory under /registry/ where it differs from the plural (upstream: services/specs, minions, ...). */
  readonly registry?: string
}

/** A kind together with where it is served: what routes, discovery, clients, tables and storage keys derive from. */
export interface Resource<T = unknown, W = unknown> extends ResourceOptions<T> {
  readonly group: string
  readonly version: string
  /** `v1`, `apps/v1` */
  readonly apiVersion: string
  readonly kind: string
  readonly type: AnyStruct
  readonly singular: string
  readonly short: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly Verb[]
  readonly subresources: readonly string[]
  readonly selectableFields: readonly string[]
  readonly columns: readonly Column<T>[]
  /** Types only: what a writer may give. */
  readonly write?: W
}

/** Any resource, when its types do not matter. */
export type AnyResource = Resource<never, unknown>
/** The object a resource holds, as read. */
export type ObjectOf<R> = R extends Resource<infer T, infer _W> ? T : never
/** The object a resource holds, as a writer gives it. */
export type WriteOfResource<R> = R extends Resource<infer _T, infer W> ? W : never

/** Of most resources everything can be asked. */
export const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/** Declares that the objects of `type` are served as `options.plural` in this group and version. */
export function resource<S extends AnyStruct>(
  group: string,
  version: string,
  type: S,
  options: ResourceOptions<Read<S>>,
): Resource<Read<S>, Write<S>> {
  return {
    singular: type.name.toLowerCase(),
    short: [],
    categories: [],
    verbs: allVerbs,
    subresources: [],
    selectableFields: [],
    columns: [],
    ...options,
    group,
    version,
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind: type.name,
    type,
  }
}
