import type { KubernetesObject } from '../api/group-version.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { type InformerHandler, keyOf } from '../client/informer.ts'

/** What is needed of an informer, of whatever kind. */
interface Followed {
  get(key: string): KubernetesObject | undefined
  /** The resource version up to which it has seen all changes. */
  readonly revision: string
  on(handler: InformerHandler<KubernetesObject>): unknown
}

/** After this long a missed event is taken as lost and the controller looks at what is there, milliseconds. */
const patience = 30_000

/**
 * What a controller did and its informer has not shown yet. Acting again before that would act on the past: a second
 * pod for the same gap, a second delete of another one.
 */
export class Expectations {
  readonly #pending = new Map<string, Map<string, number>>()
  readonly #owners = new Map<string, string>()
  readonly #clock: Clock
  #informer: Followed | undefined

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Watches the informer for what is expected; calling it again with the same one changes nothing. */
  follow(informer: Followed): void {
    if (this.#informer) return
    this.#informer = informer
    informer.on({
      added: object => this.#seen(object),
      updated: object => this.#seen(object),
      deleted: object => this.#seen(object),
    })
  }

  /** `owner` (a key) made or deleted the object; its change will come. */
  expect(owner: string, object: KubernetesObject, change: 'created' | 'deleted'): void {
    const { uid, resourceVersion } = object.metadata
    const known = this.#informer?.get(keyOf(object))
    const same = known?.metadata.uid === uid
    // Made and gone again before its maker heard of it: the informer is past it.
    const past = BigInt(this.#informer?.revision || 0) >= BigInt(resourceVersion)
    const happened = change === 'created' ? same || past : !same || known?.metadata.deletionTimestamp !== undefined
    if (happened) return
    let mine = this.#pending.get(owner)
    if (!mine) this.#pending.set(owner, (mine = new Map()))
    mine.set(uid, this.#clock.now() + patience)
    this.#owners.set(uid, owner)
  }

  /** Nothing is on its way any more, so what the informer has is what is. Else the milliseconds until we stop waiting. */
  settled(owner: string): true | number {
    const mine = this.#pending.get(owner)
    if (!mine) return true
    const now = this.#clock.now()
    const last = Math.max(...mine.values())
    if (last > now) return last - now
    this.forget(owner)
    return true
  }

  forget(owner: string): void {
    for (const uid of this.#pending.get(owner)?.keys() ?? []) this.#owners.delete(uid)
    this.#pending.delete(owner)
  }

  #seen(object: KubernetesObject): void {
    const { uid } = object.metadata
    const owner = this.#owners.get(uid)
    if (owner === undefined) return
    this.#owners.delete(uid)
    const mine = this.#pending.get(owner)
    mine?.delete(uid)
    if (mine?.size === 0) this.#pending.delete(owner)
  }
}
