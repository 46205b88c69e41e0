import type { KubernetesObject } from '../api/group-version.ts'
import type { AnyResource, ObjectOf, WriteOfResource } from '../schema/resource.ts'
import type { ApiCall, PatchType, Transport, WatchEvent } from './transport.ts'

/** Names one object. */
export interface ObjectKey {
  readonly name: string
  readonly namespace?: string | undefined
}

export interface ListOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
}

export interface ObjectList<T> {
  readonly metadata: {
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly T[]
}

export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly subresource?: string
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

export interface WatchOptions extends ListOptions {
  /** Default true: the server tells now and then how far the watch is. */
  readonly bookmarks?: boolean
  readonly timeoutSeconds?: number
}

/** Reads and writes objects of every declared kind; each method throws StatusError with the server's own answer. */
export type Client = ReturnType<typeof createClient>

const writeQuery = (options: WriteOptions) => ({
  dryRun: options.dryRun ? 'All' : undefined,
  fieldManager: options.fieldManager,
})

const listQuery = (options: ListOptions) => ({
  labelSelector: options.labelSelector,
  fieldSelector: options.fieldSelector,
  limit: options.limit,
  continue: options.continue,
  resourceVersion: options.resourceVersion,
})

const keyOf = (object: unknown): ObjectKey => (object as KubernetesObject).metadata
/** Objects are written with their apiVersion and kind, which a writer may leave out. */
function typed(resource: AnyResource, object: unknown): unknown {
  return { apiVersion: resource.apiVersion, kind: resource.kind, ...(object as object) }
}

/** A client over a transport. `signal` of a call ends waiting for it; it may still have happened on the server. */
export function createClient(transport: Transport) {
  const call = <T>(request: ApiCall, signal?: AbortSignal) => transport.call(request, signal) as Promise<T>
  return {
    transport,

    get<R extends AnyResource>(resource: R, key: ObjectKey, signal?: AbortSignal) {
      return call<ObjectOf<R>>({ verb: 'get', resource, name: key.name, namespace: key.namespace }, signal)
    },

    list<R extends AnyResource>(resource: R, options: ListOptions = {}, signal?: AbortSignal) {
      const { namespace } = options
      return call<ObjectList<ObjectOf<R>>>({ verb: 'list', resource, namespace, query: listQuery(options) }, signal)
    },

    /** The namespace is the object's own; a cluster-scoped object has none. */
    create<R extends AnyResource>(resource: R, object: WriteOfResource<R>, options: WriteOptions = {}) {
      const { namespace } = (object as { metadata?: { namespace?: string } }).metadata ?? {}
      const query = writeQuery(options)
      return call<ObjectOf<R>>({ verb: 'create', resource, namespace, query, body: typed(resource, object) })
    },

    /** Fails with Conflict when the object's resourceVersion is given and no longer the current one. */
    update<R extends AnyResource>(resource: R, object: WriteOfResource<R> | ObjectOf<R>, options: WriteOptions = {}) {
      const { name, namespace } = keyOf(object)
      const { subresource } = options
      const body = typed(resource, object)
      return call<ObjectOf<R>>({
        verb: 'update',
        resource,
        name,
        namespace,
        subresource,
        query: writeQuery(options),
        body,
      })
    },

    updateStatus<R extends AnyResource>(resource: R, object: WriteOfResource<R> | ObjectOf<R>) {
      return this.update(resource, object, { subresource: 'status' })
    },

    /** Default patch type: merge. */
    patch<R extends AnyResource>(
      resource: R,
      key: ObjectKey,
      patch: unknown,
      options: WriteOptions & { readonly type?: PatchType } = {},
    ) {
      return call<ObjectOf<R>>({
        verb: 'patch',
        resource,
        name: key.name,
        namespace: key.namespace,
        subresource: options.subresource,
        patchType: options.type ?? 'merge',
        query: writeQuery(options),
        body: patch,
      })
    },

    delete(resource: AnyResource, key: ObjectKey, options: DeleteOptions = {}) {
      const { dryRun, ...rest } = options
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...rest, ...(dryRun && { dryRun: ['All'] }) }
      return call<unknown>({ verb: 'delete', resource, name: key.name, namespace: key.namespace, body })
    },

    deleteCollection(resource: AnyResource, options: ListOptions, deletion: DeleteOptions = {}) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...deletion }
      const { namespace } = options
      return call<unknown>({ verb: 'deletecollection', resource, namespace, query: listQuery(options), body })
    },

    /** POST to a subresource: `binding`, `eviction`, `token`. */
    post<T = unknown>(resource: AnyResource, key: ObjectKey, subresource: string, body: unknown, signal?: AbortSignal) {
      const { name, namespace } = key
      return call<T>({ verb: 'create', resource, name, namespace, subresource, body }, signal)
    },

    /** Resolves once the watch stands; see Transport.watch for what happens then. */
    watch<R extends AnyResource>(
      resource: R,
      options: WatchOptions,
      on: { event(event: WatchEvent<ObjectOf<R>>): void; ended(error: Error | undefined): void },
      signal: AbortSignal,
    ) {
      const query = {
        ...listQuery(options),
        watch: true,
        allowWatchBookmarks: options.bookmarks ?? true,
        timeoutSeconds: options.timeoutSeconds,
      }
      const request: ApiCall = { verb: 'watch', resource, namespace: options.namespace, query }
      return transport.watch(request, on as never, signal)
    },
  }
}
