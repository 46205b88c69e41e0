import type { KubernetesObject } from '../../api/group-version.ts'
import type { AnyResource } from '../../schema/resource.ts'
import { type View, view } from '../../schema/view.ts'
import { headOf } from '../cache/entry.ts'
import type { Feed } from '../cache/feed.ts'
import { ResourceCache } from '../cache/resource-cache.ts'
import type { Conversion } from '../conversion/conversion.ts'
import { storagePrefix } from './storage-key.ts'
import type { Strategy } from './strategy.ts'

/** A resource with all that serving it takes. */
export interface Served {
  readonly resource: AnyResource
  readonly view: View
  readonly strategy: Strategy
  readonly prefix: string
  readonly cache: ResourceCache
  /** Called with what this server removed from the store, before anybody is answered. */
  removed?: (object: KubernetesObject) => Promise<void>
  /** Seconds after which the store forgets an object. */
  readonly lifetime?: number
  /** Stored and cached in the form of another version, whose objects these are views of. */
  readonly version?: { readonly storedAs: Served; readonly conversion: Conversion }
}

const idOf = (group: string, version: string, plural: string) => `${group}/${version}/${plural}`

/** Everything that is served, by where; custom resources come and go. */
export class ResourceTable {
  readonly #feed: Feed
  readonly #served = new Map<string, Served>()
  #generation = 0

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** Grows with every change of what is served: discovery made before is stale. */
  get generation(): number {
    return this.#generation
  }

  get(group: string, version: string, plural: string): Served | undefined {
    return this.#served.get(idOf(group, version, plural))
  }

  /** The same for a resource that must be there. */
  of(resource: Pick<AnyResource, 'group' | 'version' | 'plural'>): Served {
    const served = this.get(resource.group, resource.version, resource.plural)
    if (!served) throw new Error(`${resource.plural} of ${resource.group || 'core'}/${resource.version} is not served`)
    return served
  }

  all(): Iterable<Served> {
    return this.#served.values()
  }

  add(
    resource: AnyResource,
    strategy: Strategy,
    more: {
      readonly storedAs?: AnyResource
      readonly conversion?: Conversion
      readonly custom?: boolean
      readonly lifetime?: number
    } = {},
  ): Served {
    const { conversion, custom } = more
    const lifetime = more.lifetime ?? (more.storedAs && this.of(more.storedAs).lifetime)
    const owner = more.storedAs && this.of(more.storedAs)
    const prefix = owner?.prefix ?? storagePrefix(resource, custom)
    const cache = owner?.cache ?? new ResourceCache(prefix, headOf(resource), this.#feed)
    if (!owner) this.#feed.add(prefix, cache)
    const served: Served = {
      resource,
      view: view(resource.type),
      strategy,
      prefix,
      cache,
      ...(lifetime !== undefined && { lifetime }),
      ...(owner && conversion && { version: { storedAs: owner, conversion } }),
    }
    this.#served.set(idOf(resource.group, resource.version, resource.plural), served)
    this.#generation += 1
    return served
  }

  remove(resource: AnyResource): void {
    const id = idOf(resource.group, resource.version, resource.plural)
    const served = this.#served.get(id)
    if (!served) return
    this.#served.delete(id)
    this.#generation += 1
    if (!served.version) {
      this.#feed.remove(served.prefix)
      served.cache.reset()
    }
  }
}
