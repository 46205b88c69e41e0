/**
 * The least of an API server that clients can be tested against, in memory: objects with resource versions, conflicts,
 * watches that a test can cut. No validation, no defaults; cluster tests use the real one.
 */
import type { KubernetesObject } from '../api/group-version.ts'
import { mergePatch } from '../machinery/merge-patch.ts'
import { alreadyExists, conflict, notFound, StatusError, staleObject, statusError } from '../machinery/status-error.ts'
import { type Client, createClient } from './client.ts'
import type { ApiCall, Transport, WatchEvent } from './transport.ts'

type Handlers = Parameters<Transport['watch']>[1]

export class MemoryApi {
  readonly client: Client
  /** All calls so far, as `verb plural`. */
  readonly calls: string[] = []
  /** May throw, or wait, in place of a call. */
  intercept: (call: ApiCall) => void | Promise<void> = () => {}
  readonly #objects = new Map<string, KubernetesObject>()
  readonly #watches = new Set<{ plural: string; on: Handlers }>()
  readonly #history: { plural: string; event: WatchEvent; revision: number }[] = []
  #revision = 100
  #oldest = 0

  constructor() {
    const transport: Transport = {
      call: call => this.#call(call),
      watch: (call, on, signal) => this.#watch(call, on, signal),
      raw: () => Promise.reject(new Error('there are no plain requests here')),
      close: async () => {},
    }
    this.client = createClient(transport)
  }

  /** Ends all watches; with an error as when the connection breaks. */
  drop(error?: Error): void {
    for (const { on } of [...this.#watches]) on.ended(error)
    this.#watches.clear()
  }

  /** Forgets what happened: a watch from an older revision is refused. */
  compact(): void {
    this.#oldest = this.#revision
  }

  async #call(call: ApiCall): Promise<unknown> {
    const { verb, resource, namespace, name = '' } = call
    this.calls.push(`${verb} ${resource.plural}`)
    await this.intercept(call)
    const body = call.body as KubernetesObject
    const key = `${resource.plural}/${namespace ?? ''}/${name || (body?.metadata?.name ?? '')}`
    const of = { group: resource.group, kind: resource.kind, resource: resource.plural, name }
    const old = this.#objects.get(key)
    if (verb === 'list') {
      const items = [...this.#objects].filter(([k]) => k.startsWith(`${resource.plural}/`)).map(([, object]) => object)
      return { metadata: { resourceVersion: String(this.#revision) }, items }
    }
    if (verb === 'create') {
      if (old) throw alreadyExists({ ...of, name: body.metadata.name })
      return this.#put(key, { ...body, metadata: { ...body.metadata, uid: `uid-${this.#revision + 1}` } }, 'ADDED')
    }
    if (!old) throw notFound(of)
    if (verb === 'delete') return this.#put(key, old, 'DELETED')
    if (verb === 'get') return old
    const wanted = body.metadata?.resourceVersion
    if (wanted && wanted !== old.metadata.resourceVersion) throw conflict(of, staleObject)
    return this.#put(key, verb === 'patch' ? (mergePatch(old, body) as KubernetesObject) : body, 'MODIFIED')
  }

  #put(key: string, object: KubernetesObject, type: WatchEvent['type']): KubernetesObject {
    const resourceVersion = String(++this.#revision)
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion } }
    if (type === 'DELETED') this.#objects.delete(key)
    else this.#objects.set(key, stored)
    const change = { plural: key.split('/')[0]!, event: { type, object: stored }, revision: this.#revision }
    this.#history.push(change)
    for (const { plural, on } of this.#watches) if (plural === change.plural) on.event(change.event)
    return stored
  }

  async #watch({ resource, query }: ApiCall, on: Handlers, signal: AbortSignal): Promise<void> {
    const { plural } = resource
    this.calls.push(`watch ${plural}`)
    const from = Number(query?.resourceVersion ?? 0)
    if (from < this.#oldest) {
      const { status } = statusError('Expired', `too old resource version: ${from} (${this.#oldest})`)
      throw new StatusError(status)
    }
    for (const { revision, event, plural: of } of this.#history) if (of === plural && revision > from) on.event(event)
    if (signal.aborted) return on.ended(undefined)
    const watch = { plural, on }
    this.#watches.add(watch)
    signal.addEventListener('abort', () => this.#watches.delete(watch) && on.ended(undefined), { once: true })
  }
}
