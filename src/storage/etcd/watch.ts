/** One watch on etcd that outlives the member it began on: it goes on at another from where it was. */
import { type Clock, systemClock } from '../../base/clock.ts'
import { CompactedError, type StorageEvent, type Watcher } from '../storage.ts'
import { type EtcdConnection, EtcdError } from './connection.ts'
import { keyValue, type RawKeyValue } from './messages.ts'

interface WatchAnswer {
  readonly header: { readonly revision: number }
  readonly created: boolean
  readonly canceled: boolean
  readonly compactRevision: number
  readonly cancelReason: string
  readonly events: readonly {
    readonly type: 'PUT' | 'DELETE'
    readonly kv: RawKeyValue
    readonly prevKv: RawKeyValue | null
  }[]
}

export interface EtcdWatchOptions {
  readonly key: Buffer
  readonly rangeEnd: Buffer
  /** First revision of interest. */
  readonly from: number
}

/** Milliseconds between attempts while no member can be reached. */
const retryAfter = 100

export class EtcdWatch {
  readonly #connection: EtcdConnection
  readonly #options: EtcdWatchOptions
  readonly #watcher: Watcher
  readonly #clock: Clock
  readonly #waiting = new Set<{ revision: number; resolve: () => void }>()
  #next: number
  #stream: ReturnType<EtcdConnection['duplex']> | undefined
  #cancelRetry: (() => void) | undefined
  #over = false

  constructor(connection: EtcdConnection, options: EtcdWatchOptions, watcher: Watcher, clock: Clock = systemClock) {
    this.#connection = connection
    this.#options = options
    this.#watcher = watcher
    this.#clock = clock
    this.#next = options.from
    this.#open()
  }

  /** Resolves when the watcher has been told of everything up to the revision, or the watch is over. */
  reached(revision: number): Promise<void> {
    if (this.#over || this.#next > revision) return Promise.resolve()
    return new Promise(resolve => this.#waiting.add({ revision, resolve }))
  }

  stop(): void {
    this.#finish()
  }

  /** Ends it and says why. */
  end(error: Error): void {
    if (this.#over) return
    this.#finish()
    this.#watcher.end(error)
  }

  #finish(): void {
    this.#over = true
    this.#cancelRetry?.()
    this.#stream?.cancel()
    for (const { resolve } of this.#waiting) resolve()
    this.#waiting.clear()
  }

  #open(): void {
    const stream = this.#connection.duplex('Watch', 'Watch')
    this.#stream = stream
    const lost = () => {
      if (this.#over || this.#stream !== stream) return
      this.#stream = undefined
      this.#connection.turn()
      this.#cancelRetry = this.#clock.after(retryAfter, () => this.#open())
    }
    stream.on('data', (answer: WatchAnswer) => {
      if (!this.#over && this.#stream === stream) this.#take(answer)
    })
    stream.on('error', lost)
    stream.on('end', lost)
    const { key, rangeEnd } = this.#options
    stream.write({ createRequest: { key, rangeEnd, startRevision: this.#next, progressNotify: true, prevKv: true } })
  }

  #take(answer: WatchAnswer): void {
    if (answer.canceled) {
      const compacted = answer.compactRevision > 0
      this.end(compacted ? new CompactedError(answer.compactRevision) : new EtcdError('Watch', answer.cancelReason))
      return
    }
    if (answer.created) return
    // With events, the header may be of writes whose own events are still to come.
    const told = answer.events.at(-1)?.kv.modRevision ?? answer.header.revision
    try {
      if (answer.events.length) this.#watcher.events(answer.events.map(eventOf), told)
      else this.#watcher.progress?.(told)
    } catch (cause) {
      this.end(new Error('the watcher threw', { cause }))
      return
    }
    this.#next = Math.max(this.#next, told + 1)
    for (const waiting of this.#waiting) {
      if (waiting.revision < this.#next) {
        this.#waiting.delete(waiting)
        waiting.resolve()
      }
    }
  }
}

function eventOf({ type, kv, prevKv }: WatchAnswer['events'][number]): StorageEvent {
  return { type: type === 'DELETE' ? 'delete' : 'put', kv: keyValue(kv), ...(prevKv && { previous: keyValue(prevKv) }) }
}
