import { systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { CompactedError, type Storage, type StorageEvent, UnreachableError } from '../../storage/storage.ts'
import { Recall, type Recalled } from './recall.ts'

/** Takes the events under one prefix, in order. */
export interface FeedTarget {
  apply(event: StorageEvent): void
  /** The stream broke: what is held may miss events. Load again. */
  reset(): void
}

const root = '/registry/'
/** The watch is on all keys: only so does every revision of the store show in it. */
const everything = ''
/** Milliseconds that a reader waits for the watch. */
const patience = 10_000
/** Milliseconds until a watch that ended is started again. */
const retryAfter = 250

/**
 * The one watch on the store that all caches live from: they agree on a revision, and whoever was acknowledged a write
 * in this process finds it in them.
 */
export class Feed {
  readonly storage: Storage
  readonly #log: Logger
  /** By prefix, with its trailing slash. */
  readonly #targets = new Map<string, FeedTarget>()
  #revision = 0
  #watch: { stop(): void } | undefined
  #cancelRetry: (() => void) | undefined
  #waiting: { revision: number; resolve: () => void }[] = []
  #stopped = false
  readonly #recalls: number
  /** What is asked for of the past begins after it. */
  #floor = 0
  #recalled: Recall | undefined
  #asking: Promise<number> | undefined
  #nextAsking: Promise<number> | undefined

  /** `recalls`: how many revisions before the start are learned too, for watches that were at another server. */
  constructor(storage: Storage, log: Logger, recalls = 0) {
    this.storage = storage
    this.#log = log
    this.#recalls = recalls
  }

  /** What happened lately, from before the start on; undefined when that is not (or no longer) known. */
  recall(): Promise<Recalled | undefined> {
    return this.#recalled?.complete ?? Promise.resolve(undefined)
  }

  /** Every event up to this revision has been given to the targets. */
  get revision(): number {
    return this.#revision
  }

  async start(): Promise<void> {
    const revision = await this.storage.revision()
    if (this.#stopped) return
    this.#recalled?.forget()
    this.#recalled =
      this.#recalls > 0 && this.#floor < revision ? new Recall(this.#floor, revision, this.#recalls) : undefined
    const recalled = this.#recalled
    this.#watch = this.storage.watch(
      { prefix: everything, from: recalled ? recalled.floor + 1 : revision + 1 },
      {
        events: (events, at) => {
          recalled?.add(events, at)
          for (const event of events) if (event.kv.modRevision > revision) this.#targetOf(event.kv.key)?.apply(event)
          if (at > this.#revision) this.#advance(at)
        },
        progress: at => {
          recalled?.add([], at)
          if (at > this.#revision) this.#advance(at)
        },
        end: error => {
          if (recalled && error instanceof CompactedError && error.compactRevision > this.#floor) {
            // What was compacted cannot be learned: only what came after it.
            this.#floor = error.compactRevision
            this.start().catch((failure: Error) => this.#broken(failure))
          } else this.#broken(error)
        },
      },
    )
    // Whoever waits for this revision must not find what was held before the watch ended.
    for (const target of this.#targets.values()) target.reset()
    this.#advance(revision)
  }

  add(prefix: string, target: FeedTarget): void {
    this.#targets.set(prefix, target)
  }

  remove(prefix: string): void {
    this.#targets.delete(prefix)
  }

  /** Resolves with the newest revision of the store once the caches have it: what makes a read consistent. */
  async fresh(): Promise<number> {
    const revision = await this.#newest()
    if (revision > this.#revision) await this.reached(revision)
    return this.#revision
  }

  /** One question to the store for all who ask while another is under way: it is asked after all of them did. */
  #newest(): Promise<number> {
    if (!this.#asking) {
      this.#asking = this.storage.revision().finally(() => {
        this.#asking = undefined
      })
      return this.#asking
    }
    this.#nextAsking ??= this.#asking
      .catch(() => undefined)
      .then(() => {
        this.#nextAsking = undefined
        return this.#newest()
      })
    return this.#nextAsking
  }

  /** Resolves once the caches have this revision. */
  reached(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiter = {
        revision,
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter(other => other !== waiter)
        reject(new UnreachableError(`the watch on the store is behind: at ${this.#revision}, not yet at ${revision}`))
      }, patience)
      this.#waiting.push(waiter)
    })
  }

  stop(): void {
    this.#stopped = true
    this.#watch?.stop()
    this.#recalled?.forget()
    this.#cancelRetry?.()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  /** Most prefixes are one directory deep; services/specs, and custom resources by group, are two. */
  #targetOf(key: string): FeedTarget | undefined {
    const first = key.indexOf('/', root.length) + 1
    const target = this.#targets.get(key.slice(0, first))
    if (target) return target
    const second = key.indexOf('/', first) + 1
    return second > 0 ? this.#targets.get(key.slice(0, second)) : undefined
  }

  #advance(revision: number): void {
    this.#revision = revision
    if (this.#waiting.length === 0) return
    const ready = this.#waiting.filter(waiter => waiter.revision <= revision)
    this.#waiting = this.#waiting.filter(waiter => waiter.revision > revision)
    for (const { resolve } of ready) resolve()
  }

  #broken(error: Error): void {
    if (this.#stopped) return
    this.#log.warn({ error: error.message }, 'the watch on the store ended, starting again')
    this.#cancelRetry = systemClock.after(retryAfter, () => {
      this.start().catch((failure: Error) => this.#broken(failure))
    })
  }
}
