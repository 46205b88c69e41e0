import { systemClock } from '../../base/clock.ts'
import type { StorageEvent } from '../../storage/storage.ts'

/** Changes of all kinds after a revision, without a gap. */
export interface Recalled {
  readonly floor: number
  readonly events: readonly StorageEvent[]
}

/** Milliseconds that the past is kept: watches come back at once, or not at all. */
const kept = 5 * 60_000
/** Milliseconds that somebody waits for it. */
const patience = 3_000
/** Bytes of values that are kept. */
const most = 16 << 20

/** The past of a store as a new watch on it tells it, up to where the caches begin, and on from there for a time. */
export class Recall implements Recalled {
  floor: number
  events: StorageEvent[] = []
  /** Resolves when all up to the start is there; undefined: it is not to be had. */
  complete: Promise<Recalled | undefined>
  readonly #until: number
  readonly #resolve: (value: Recalled | undefined) => void
  readonly #cancels: (() => void)[]
  #bytes = 0
  #forgotten = false

  /** After `floor`, or the last `revisions` before `until`, which is what the caches begin with. */
  constructor(floor: number, until: number, revisions: number) {
    this.floor = Math.max(floor, until - revisions, 0)
    this.#until = until
    const { promise, resolve } = Promise.withResolvers<Recalled | undefined>()
    this.complete = promise
    this.#resolve = resolve
    this.#cancels = [
      systemClock.after(kept, () => this.forget()),
      systemClock.after(patience, () => resolve(undefined)),
    ]
  }

  /** All events up to a revision. */
  add(events: readonly StorageEvent[], revision: number): void {
    if (this.#forgotten) return
    for (const event of events) {
      this.events.push(event)
      this.#bytes += event.kv.value.length + (event.previous?.value.length ?? 0)
    }
    if (this.#bytes > most) this.forget()
    else if (revision >= this.#until) this.#resolve(this)
  }

  forget(): void {
    this.#forgotten = true
    this.events = []
    this.complete = Promise.resolve(undefined)
    for (const cancel of this.#cancels) cancel()
    this.#resolve(undefined)
  }
}
