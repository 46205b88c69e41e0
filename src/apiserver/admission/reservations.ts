import type { KubernetesObject } from '../../api/group-version.ts'
import type { Usage } from '../../machinery/quota-usage.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Lister } from '../lister.ts'

interface Reserved {
  readonly object: KubernetesObject
  readonly usage: Usage
  readonly until: number
}

/** Milliseconds after which a write that was admitted and does not show has surely failed. */
const longest = 5_000

/** What was admitted and is not in the caches yet; forgotten as soon as it is. */
export class Reservations {
  readonly #lister: Lister
  readonly #held = new Map<AnyResource, Map<string, Reserved>>()

  constructor(lister: Lister) {
    this.#lister = lister
  }

  add(resource: AnyResource, object: KubernetesObject, usage: Usage): void {
    let held = this.#held.get(resource)
    if (!held) {
      const reserved = new Map<string, Reserved>()
      this.#held.set(resource, (held = reserved))
      this.#lister.follow(resource, now => {
        if (now) reserved.delete((now as KubernetesObject).metadata.uid)
      })
    }
    const now = Date.now()
    // In order of time: the first that is not over ends the search.
    for (const [uid, { until }] of held) {
      if (until > now) break
      held.delete(uid)
    }
    const { uid } = object.metadata
    // A copy: what is stored in the end belongs to others.
    held.delete(uid)
    held.set(uid, { object: structuredClone(object), usage, until: now + longest })
  }

  /** What is reserved in a namespace, but for the object itself. */
  of(resource: AnyResource, namespace: string, except: string | undefined): Reserved[] {
    const now = Date.now()
    const all = [...(this.#held.get(resource)?.values() ?? [])]
    return all.filter(
      ({ object, until }) => until > now && object.metadata.namespace === namespace && object.metadata.uid !== except,
    )
  }
}
