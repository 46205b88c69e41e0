import type { KubernetesObject } from '../api/group-version.ts'
import type { AnyResource, ObjectOf } from '../schema/resource.ts'
import type { ResourceTable } from './registry/served.ts'
import { storageKey } from './registry/storage-key.ts'

/**
 * What the server's own decisions (who asks, may they, is it fit) read: the watch caches, synchronously. Objects are
 * shared and frozen. Await `ready` for a resource before its first read; it answers undefined when nothing is to wait for.
 */
export interface Lister {
  ready(resources: readonly AnyResource[]): Promise<unknown> | undefined
  get<R extends AnyResource>(resource: R, name: string, namespace?: string): ObjectOf<R> | undefined
  /** All objects, or those of one namespace, in order of their keys. */
  list<R extends AnyResource>(resource: R, namespace?: string): ObjectOf<R>[]
  /** Objects for which `of` answers a value; indexed by the name `field` from the first use on. */
  having<R extends AnyResource>(
    resource: R,
    field: string,
    of: (object: ObjectOf<R>) => readonly string[],
    value: string,
  ): ObjectOf<R>[]
  /** Calls back with every change, at once; without objects when changes may have been missed. Returns how to stop. */
  follow<R extends AnyResource>(
    resource: R,
    changed: (now: ObjectOf<R> | undefined, old: ObjectOf<R> | undefined) => void,
  ): () => void
  /** Resolves once the caches hold everything the store held when this was called. */
  fresh(): Promise<unknown>
}

/** Reads from the caches of everything that is served. */
export function cacheLister(table: ResourceTable): Lister {
  const cacheOf = (resource: AnyResource) => table.of(resource).cache
  return {
    ready(resources) {
      let loading: Promise<void>[] | undefined
      for (const resource of resources) {
        const pending = cacheOf(resource).ready()
        if (pending) (loading ??= []).push(pending)
      }
      return loading && Promise.all(loading)
    },
    get(resource, name, namespace) {
      const { cache, prefix } = table.of(resource)
      return cache.get(storageKey(prefix, namespace, name))?.object as never
    },
    list(resource, namespace) {
      const { cache, prefix } = table.of(resource)
      const from = namespace === undefined ? prefix : `${prefix}${namespace}/`
      const found: KubernetesObject[] = []
      cache.scan(from, from, entry => found.push(entry.object) > 0)
      return found as never[]
    },
    having(resource, field, of, value) {
      const index = cacheOf(resource).field(field, of as unknown as (object: KubernetesObject) => readonly string[])
      return index.get(value).map(entry => entry.object as never)
    },
    follow(resource, changed) {
      const cache = cacheOf(resource)
      return cache.subscribe({
        change: ({ type, entry, previous }) =>
          changed((type === 'DELETED' ? undefined : entry.object) as never, previous?.object as never),
        lost: () => {
          changed(undefined, undefined)
          // What is read meanwhile is the state before; a failure shows at the next wait for it.
          void Promise.resolve(cache.ready()).then(
            () => changed(undefined, undefined),
            () => undefined,
          )
        },
      })
    },
    fresh: () => [...table.all()][0]?.cache.feed.fresh() ?? Promise.resolve(),
  }
}
