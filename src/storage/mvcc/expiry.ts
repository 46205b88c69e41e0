import type { Clock } from '../../base/clock.ts'
import { Heap } from '../../base/heap.ts'

/** A key that has a time to live, as of one revision; a later write of the key outdates it. */
export interface Lease {
  readonly key: string
  readonly modRevision: number
  readonly at: number
}

/** Calls `expire` for each lease when its time comes: one timer for all of them. */
export class Expiry {
  readonly #clock: Clock
  readonly #expire: (lease: Lease) => void
  readonly #leases = new Heap<Lease>((a, b) => a.at < b.at)
  #armed: { readonly at: number; readonly cancel: () => void } | undefined
  #stopped = false

  constructor(clock: Clock, expire: (lease: Lease) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  add(lease: Lease): void {
    if (this.#stopped) return
    this.#leases.push(lease)
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#armed?.cancel()
  }

  #arm(): void {
    const at = this.#leases.peek()?.at
    if (at === undefined || (this.#armed && this.#armed.at <= at)) return
    this.#armed?.cancel()
    this.#armed = { at, cancel: this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#fire()) }
  }

  #fire(): void {
    this.#armed = undefined
    const now = this.#clock.now()
    while ((this.#leases.peek()?.at ?? Number.POSITIVE_INFINITY) <= now) this.#expire(this.#leases.pop()!)
    this.#arm()
  }
}
