import {
  type CustomResourceDefinition,
  customResourceDefinitions,
} from '../../api/apiextensions/v1/custom-resource-definition.ts'
import { rfc3339 } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { AnyResource } from '../../schema/resource.ts'
import { itself } from '../bootstrap-objects.ts'
import { deepEqual } from '../cache/json.ts'
import { amend } from '../registry/amend.ts'
import type { ApiRequest, Registry } from '../registry/api-request.ts'
import { operate } from '../registry/operate.ts'
import { cleanupFinalizer } from '../strategies/custom-resource-definition.ts'
import { customResource, customStrategy, renaming } from './custom-resource.ts'

/** Serves what CustomResourceDefinitions declare, from when they are made until they are gone. */
export class CustomResources {
  readonly #registry: Registry
  readonly #log: Logger
  /** By name of the definition: its resources, the stored one first, and the spec they were made from. */
  readonly #installed = new Map<string, { readonly spec: unknown; readonly resources: readonly AnyResource[] }>()
  #queue = Promise.resolve()
  #stop: (() => void) | undefined

  constructor(registry: Registry, log: Logger) {
    this.#registry = registry
    this.#log = log
  }

  async start(): Promise<void> {
    const { cache, prefix } = this.#registry.table.of(customResourceDefinitions)
    await cache.ready()
    this.#stop?.()
    this.#stop = cache.subscribe({
      change: ({ type, entry }) => {
        const definition = entry.object as CustomResourceDefinition
        if (type === 'DELETED') this.#remove(definition)
        else this.#settle(definition)
      },
      lost: () => void this.start(),
    })
    cache.scan(prefix, prefix, entry => {
      this.#settle(entry.object as CustomResourceDefinition)
      return true
    })
    await this.#queue
  }

  stop(): void {
    this.#stop?.()
  }

  /** Serves the definition at once; what has to be written for it comes after. */
  #settle(definition: CustomResourceDefinition): void {
    const { name, deletionTimestamp } = definition.metadata
    this.#install(definition)
    const write = deletionTimestamp === undefined ? () => this.#establish(definition) : () => this.#cleanUp(definition)
    this.#queue = this.#queue.then(write).catch((error: Error) => {
      if (!isNotFound(error)) this.#log.warn({ error: error.message, name }, 'a custom resource was not settled')
    })
  }

  #install(definition: CustomResourceDefinition): void {
    const { spec, metadata } = definition
    const held = this.#installed.get(metadata.name)
    if (held && deepEqual(held.spec, spec)) return
    this.#remove(definition)
    const { table } = this.#registry
    const storage = spec.versions.find(version => version.storage)
    if (!storage) return
    const stored = customResource(definition, storage)
    table.add(stored, customStrategy(storage), { custom: true })
    const resources = [stored]
    for (const version of spec.versions) {
      if (version === storage || !version.served) continue
      const shown = customResource(definition, version)
      const conversion = renaming(stored.apiVersion, shown.apiVersion)
      table.add(shown, customStrategy(version), { storedAs: stored, conversion })
      resources.push(shown)
    }
    this.#installed.set(metadata.name, { spec, resources })
  }

  #remove({ metadata }: CustomResourceDefinition): void {
    const held = this.#installed.get(metadata.name)
    if (!held) return
    this.#installed.delete(metadata.name)
    for (const resource of [...held.resources].reverse()) this.#registry.table.remove(resource)
  }

  async #establish({ metadata: { name } }: CustomResourceDefinition): Promise<void> {
    const served = this.#registry.table.of(customResourceDefinitions)
    const now = rfc3339(this.#registry.clock.now())
    await amend<CustomResourceDefinition>(served, { namespace: undefined, name }, (draft, { spec, status }) => {
      if (status.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')) return
      const condition = (type: string, reason: string, message: string) => ({
        type,
        status: 'True',
        lastTransitionTime: now,
        reason,
        message,
      })
      const singular = spec.names.singular || spec.names.kind.toLowerCase()
      const listKind = spec.names.listKind || `${spec.names.kind}List`
      Object.assign(draft.status, {
        acceptedNames: { ...spec.names, singular, listKind },
        conditions: [
          condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
          condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
        ],
      })
    })
  }

  /** Deletes the objects of a definition that goes, and lets it go with the last of them. */
  async #cleanUp({ metadata }: CustomResourceDefinition): Promise<void> {
    const stored = this.#installed.get(metadata.name)?.resources[0]
    if (!stored || !metadata.finalizers?.includes(cleanupFinalizer)) return
    const served = this.#registry.table.of(stored)
    await served.cache.fresh()
    await operate(this.#registry, ask('deletecollection', { served }))
    await served.cache.fresh()
    const finish = async () => {
      if (served.cache.size > 0) return false
      const definitions = this.#registry.table.of(customResourceDefinitions)
      const finalizers = metadata.finalizers?.filter(finalizer => finalizer !== cleanupFinalizer)
      const body = { metadata: { finalizers } }
      await operate(
        this.#registry,
        ask('patch', { served: definitions, name: metadata.name, body, patchType: 'merge' }),
      ).catch(error => {
        if (!isNotFound(error)) throw error
      })
      return true
    }
    if (await finish()) return
    // Objects with finalizers of their own take their time.
    const unsubscribe = served.cache.subscribe({
      change: () => {
        if (served.cache.size > 0) return
        unsubscribe()
        this.#queue = this.#queue.then(async () => void (await finish()))
      },
      lost: () => unsubscribe(),
    })
  }
}

function ask(verb: ApiRequest['verb'], more: Pick<ApiRequest, 'served'> & Partial<ApiRequest>): ApiRequest {
  return {
    verb,
    namespace: undefined,
    name: undefined,
    subresource: '',
    user: itself,
    param: () => undefined,
    body: undefined,
    owned: true,
    warn: () => undefined,
    ...more,
  }
}
