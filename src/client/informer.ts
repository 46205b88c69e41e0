/**
 * A local copy of all objects of a kind (or of a selection), kept current by list and watch, with indexes.
 * It lists again only when it must (first time, or the server has forgotten its revision) and then tells the
 * differences, so a handler sees every object's last state even across a lost connection.
 */

import type { KubernetesObject } from '../api/group-version.ts'
import { Backoff } from '../base/backoff.ts'
import { type Clock, delay, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import { isExpired } from '../machinery/status-error.ts'
import type { AnyResource, ObjectOf } from '../schema/resource.ts'
import type { Client, WatchOptions } from './client.ts'

/** `namespace/name`, or `name` for cluster-scoped objects. */
export function keyOf(object: Pick<KubernetesObject, 'metadata'>): string {
  const { namespace, name } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

/** The parts of a key made by keyOf. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** Told of each change after the local copy has it. Must not throw. */
export interface InformerHandler<T> {
  added?(object: T): void
  updated?(object: T, old: T): void
  deleted?(object: T): void
}

export interface InformerOptions<T> extends Pick<WatchOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> {
  /** Name -> the values an object is found under. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>
  readonly clock?: Clock
}

/** The read side: what reconcilers and others may use. Objects are shared and frozen. */
export interface Lister<T> {
  get(key: string): T | undefined
  list(): IterableIterator<T>
  byIndex(index: string, value: string): readonly T[]
  readonly size: number
}

const log = logger('informer')

export class Informer<R extends AnyResource, T extends ObjectOf<R> & KubernetesObject = ObjectOf<R> & KubernetesObject>
  implements Lister<T>
{
  readonly resource: R
  readonly #client: Client
  readonly #options: InformerOptions<T>
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, { of: (object: T) => readonly string[]; entries: Map<string, Map<string, T>> }>()
  readonly #handlers = new Set<InformerHandler<T>>()
  readonly #stop = new AbortController()
  readonly #synced = Promise.withResolvers<void>()
  readonly #clock: Clock
  #revision = ''
  #hasSynced = false
  #running: Promise<void> | undefined

  constructor(client: Client, resource: R, options: InformerOptions<T> = {}) {
    this.resource = resource
    this.#client = client
    this.#options = options
    this.#clock = options.clock ?? systemClock
    for (const [name, of] of Object.entries(options.indexes ?? {})) this.index(name, of)
    this.#synced.promise.catch(() => {})
  }

  /** Adds an index; objects already known are put into it. Adding the same name again changes nothing. */
  index(name: string, of: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) return
    const index = { of, entries: new Map<string, Map<string, T>>() }
    this.#indexes.set(name, index)
    for (const [key, object] of this.#objects) this.#enter(index, key, undefined, object)
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }
  list(): IterableIterator<T> {
    return this.#objects.values()
  }
  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index)
    if (!found) throw new Error(`informer of ${this.resource.plural} has no index ${index}`)
    return [...(found.entries.get(value)?.values() ?? [])]
  }
  get size(): number {
    return this.#objects.size
  }
  /** The resource version up to which all changes are here; empty before the first list. */
  get revision(): string {
    return this.#revision
  }
  /** The first list is in. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }
  /** Resolves when the first list is in; rejects when stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  /** Adds a handler; it is told at once of all objects already here. The returned function takes it off. */
  on(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler)
    for (const object of this.#objects.values()) handler.added?.(object)
    return () => this.#handlers.delete(handler)
  }

  /** Starts listing and watching, until stop(). */
  start(): this {
    this.#running ??= this.#run(this.#stop.signal)
    return this
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('informer stopped'))
    this.#synced.reject(new Error(`informer of ${this.resource.plural} was stopped`))
    await this.#running
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff<''>({ first: 50, most: 10_000 })
    while (!signal.aborted) {
      const began = this.#clock.now()
      try {
        if (this.#revision === '') await this.#list(signal)
        await this.#watch(signal)
      } catch (error) {
        if (signal.aborted) return
        if (isExpired(error)) this.#revision = ''
        else log.warn({ resource: this.resource.plural, error: String(error) }, 'cannot list or watch; trying again')
      }
      // A watch that stood for a while was a good one; one that breaks at once must not become a busy loop.
      if (this.#clock.now() - began > 5_000) backoff.forget('')
      await delay(backoff.next(''), signal, this.#clock).catch(() => {})
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    const list = await this.#client.list(this.resource, { namespace, labelSelector, fieldSelector }, signal)
    const seen = new Set<string>()
    for (const item of list.items as readonly T[]) {
      seen.add(keyOf(item))
      this.#put(item)
    }
    for (const [key, old] of this.#objects) if (!seen.has(key)) this.#remove(key, old)
    this.#revision = list.metadata.resourceVersion
    this.#hasSynced = true
    this.#synced.resolve()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    const ended = Promise.withResolvers<void>()
    const stop = new AbortController()
    const options = { namespace, labelSelector, fieldSelector, resourceVersion: this.#revision }
    const on = {
      event: (event: { type: string; object: unknown }) => this.#apply(event.type, event.object as T),
      ended: (error: Error | undefined) => (error ? ended.reject(error) : ended.resolve()),
    }
    try {
      await this.#client.watch(this.resource, options, on, AbortSignal.any([signal, stop.signal]))
      await ended.promise
    } finally {
      stop.abort()
    }
  }

  #apply(type: string, object: T): void {
    if (type === 'BOOKMARK') this.#revision = object.metadata.resourceVersion
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return
    this.#revision = object.metadata.resourceVersion
    if (type === 'DELETED') this.#remove(keyOf(object), object)
    else this.#put(object)
  }

  #put(object: T): void {
    const key = keyOf(object)
    const old = this.#objects.get(key)
    if (old?.metadata.resourceVersion === object.metadata.resourceVersion) return
    // The same name with another uid is another object: its predecessor's end was missed.
    if (old && old.metadata.uid !== object.metadata.uid) {
      this.#remove(key, old)
      this.#put(object)
      return
    }
    this.#objects.set(key, object)
    for (const index of this.#indexes.values()) this.#enter(index, key, old, object)
    for (const handler of this.#handlers) old ? handler.updated?.(object, old) : handler.added?.(object)
  }

  #remove(key: string, last: T): void {
    const old = this.#objects.get(key)
    if (!old) return
    this.#objects.delete(key)
    for (const index of this.#indexes.values()) this.#enter(index, key, old, undefined)
    for (const handler of this.#handlers) handler.deleted?.(last)
  }

  #enter(
    index: { of: (object: T) => readonly string[]; entries: Map<string, Map<string, T>> },
    key: string,
    old: T | undefined,
    object: T | undefined,
  ): void {
    for (const value of old ? index.of(old) : []) {
      const bucket = index.entries.get(value)
      bucket?.delete(key)
      if (bucket?.size === 0) index.entries.delete(value)
    }
    for (const value of object ? index.of(object) : []) {
      let bucket = index.entries.get(value)
      if (!bucket) index.entries.set(value, (bucket = new Map()))
      bucket.set(key, object!)
    }
  }
}

/**
 * Informers shared by all who look at the same kind in one process: one list, one watch and one copy each.
 * Started when first asked for, all stopped together.
 */
export class InformerSet {
  readonly #client: Client
  readonly #informers = new Map<AnyResource, Informer<AnyResource>>()

  constructor(client: Client) {
    this.#client = client
  }

  of<R extends AnyResource>(resource: R): Informer<R> {
    let informer = this.#informers.get(resource)
    if (!informer) {
      informer = new Informer<AnyResource>(this.#client, resource).start()
      this.#informers.set(resource, informer)
    }
    return informer as unknown as Informer<R>
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.values()].map(informer => informer.stop()))
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
