import type { Clock } from '../../base/clock.ts'
import type { Keyspace } from './keyspace.ts'

/** How much history is kept for watches and for reads in the past; whichever limit is reached first. */
export interface RetentionOptions {
  /** Milliseconds. @default 300_000 */
  readonly keep?: number
  /** Number of changes. @default 100_000 */
  readonly keepEvents?: number
  /** Bytes of values that are no longer current. @default 64 MiB */
  readonly keepBytes?: number
}

/** Decides how far history may be forgotten. */
export class Retention {
  readonly #keys: Keyspace
  readonly #clock: Clock
  readonly #compact: (revision: number) => void
  readonly #keep: number
  readonly #keepEvents: number
  readonly #keepBytes: number
  /** The newest revision at some moments of the past, oldest first. */
  #marks: { readonly at: number; readonly revision: number }[] = []
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(keys: Keyspace, clock: Clock, options: RetentionOptions, compact: (revision: number) => void) {
    this.#keys = keys
    this.#clock = clock
    this.#compact = compact
    this.#keep = options.keep ?? 300_000
    this.#keepEvents = options.keepEvents ?? 100_000
    this.#keepBytes = options.keepBytes ?? 64 * 2 ** 20
  }

  /** To be called after changes were applied. */
  applied(): void {
    const { events, historyBytes, revision, compactRevision } = this.#keys
    const room = Math.min(this.#keepEvents / events, this.#keepBytes / historyBytes)
    // A quarter more than needed goes, so that this happens rarely.
    if (room < 1) this.#compact(Math.max(compactRevision, Math.ceil(revision - events * room * 0.75)))
    if (!this.#cancel && !this.#stopped) this.#cancel = this.#clock.after(this.#keep / 4, () => this.#tick())
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  #tick(): void {
    this.#cancel = undefined
    const now = this.#clock.now()
    const old = this.#marks.findLast(mark => mark.at <= now - this.#keep)
    if (old) {
      this.#marks = this.#marks.filter(mark => mark.at > old.at)
      if (old.revision > this.#keys.compactRevision) this.#compact(old.revision)
    }
    if (this.#keys.revision > this.#keys.compactRevision) {
      this.#marks.push({ at: now, revision: this.#keys.revision })
      if (!this.#stopped) this.#cancel = this.#clock.after(this.#keep / 4, () => this.#tick())
    }
  }
}
