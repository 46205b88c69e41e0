import { Backoff } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'

/**
 * Keys waiting to be worked on. A key is in the queue once however often it is added, never worked on twice at the
 * same time, and worked on again when it was added meanwhile.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #backoff: Backoff<string>
  readonly #waiting = new Set<string>()
  readonly #active = new Set<string>()
  readonly #again = new Set<string>()
  /** Key -> when it is due, and how to cancel. */
  readonly #later = new Map<string, { at: number; cancel: () => void }>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #closed = false

  constructor(options: { readonly clock?: Clock; readonly first?: number; readonly most?: number } = {}) {
    this.#clock = options.clock ?? systemClock
    this.#backoff = new Backoff({ first: options.first ?? 5, most: options.most ?? 300_000 })
  }

  add(key: string): void {
    if (this.#closed) return
    if (this.#active.has(key)) this.#again.add(key)
    else if (!this.#waiting.has(key)) {
      const taker = this.#takers.shift()
      if (taker) {
        this.#active.add(key)
        taker(key)
      } else this.#waiting.add(key)
    }
  }

  /** Adds the key after `ms`; of several delays the shortest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return
    if (ms <= 0) {
      this.add(key)
      return
    }
    const at = this.#clock.now() + ms
    const known = this.#later.get(key)
    if (known && known.at <= at) return
    known?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#later.delete(key)
      this.add(key)
    })
    this.#later.set(key, { at, cancel })
  }

  /** Adds the key after its exponential back-off. */
  retry(key: string): void {
    this.addAfter(key, this.#backoff.next(key))
  }

  /** The key is well: its next failure backs off from the beginning. */
  forget(key: string): void {
    this.#backoff.forget(key)
  }

  failures(key: string): number {
    return this.#backoff.failures(key)
  }

  /** The next key; undefined when the queue is closed. Call done(key) after working on it. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const [key] = this.#waiting
    if (key === undefined) return new Promise(resolve => this.#takers.push(resolve))
    this.#waiting.delete(key)
    this.#active.add(key)
    return Promise.resolve(key)
  }

  done(key: string): void {
    this.#active.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  get length(): number {
    return this.#waiting.size
  }

  close(): void {
    this.#closed = true
    for (const { cancel } of this.#later.values()) cancel()
    this.#later.clear()
    this.#waiting.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }
}
