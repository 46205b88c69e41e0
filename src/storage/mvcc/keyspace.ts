import { prefixEnd, SortedMap } from '../../base/sorted-map.ts'
import {
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type StorageEvent,
} from '../storage.ts'

/** A write with its place in history. A delete's `kv` has version 0 and no value. */
export interface Change {
  readonly type: 'put' | 'delete'
  readonly kv: KeyValue
  /** When the key expires, in milliseconds since the epoch; 0: never. */
  readonly expires: number
}

/** All versions of one key that are still held, oldest first in `older`. */
interface Entry {
  current: KeyValue
  older: KeyValue[] | undefined
}

/**
 * The durable state in memory: every key's current version, and all versions since `compactRevision`. Purely synchronous;
 * who writes, when it is durable and who watches is mvcc-storage.ts's affair.
 */
export class Keyspace {
  /** Revision of the newest change applied; a store without any is at 1. */
  revision = 1
  compactRevision = 1
  /** Bytes of values that are held only for history, and of current keys and values. */
  historyBytes = 0
  currentBytes = 0
  readonly #entries = new Map<string, Entry>()
  readonly #current = new SortedMap<Entry>()
  /** `#current` and the keys deleted since `compactRevision`: for reads in the past. */
  readonly #everHeld = new SortedMap<Entry>()
  /** One event per revision, from `compactRevision` on. */
  #events: StorageEvent[] = []

  get keys(): number {
    return this.#current.size
  }

  get events(): number {
    return this.#events.length
  }

  get(key: string, revision?: number): KeyValue | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    return present(revision === undefined ? entry.current : versionAt(entry, revision))
  }

  /** Throws when the revision is not held. */
  demand(revision: number): void {
    if (revision > this.revision) {
      throw new FutureRevisionError(`required revision is a future revision (${revision}, newest is ${this.revision})`)
    }
    if (revision < this.compactRevision) throw new CompactedError(this.compactRevision)
  }

  range({ prefix, start, limit = 0, revision = this.revision }: RangeOptions): RangeResult {
    const from = start !== undefined && start > prefix ? start : prefix
    const end = prefixEnd(prefix)
    const kvs: KeyValue[] = []
    const past = revision < this.revision
    const count = this.#current.count(from, end) - (past ? this.#growth(prefix, from, revision) : 0)
    const wanted = limit === 0 ? count : Math.min(limit, count)
    const source = past ? this.#everHeld : this.#current
    if (wanted > 0) {
      source.scan(from, end, entry => {
        const kv = past ? present(versionAt(entry, revision)) : entry.current
        if (kv) kvs.push(kv)
        return kvs.length < wanted
      })
    }
    return { kvs, revision, more: count > kvs.length, count }
  }

  /** Events from a revision on; the caller has made sure that it is held. */
  since(revision: number): StorageEvent[] {
    return this.#events.slice(this.#position(revision))
  }

  apply({ type, kv }: Change): StorageEvent {
    const entry = this.#entries.get(kv.key)
    const previous = entry && present(entry.current)
    if (entry) {
      if (entry.older) entry.older.push(entry.current)
      else entry.older = [entry.current]
      this.historyBytes += entry.current.value.byteLength
      entry.current = kv
    }
    const held = entry ?? { current: kv, older: undefined }
    if (!entry) {
      this.#entries.set(kv.key, held)
      this.#everHeld.set(kv.key, held)
    }
    if (previous) this.currentBytes -= kv.key.length + previous.value.byteLength
    if (type === 'put') {
      if (!previous) this.#current.set(kv.key, held)
      this.currentBytes += kv.key.length + kv.value.byteLength
    } else if (previous) this.#current.delete(kv.key)
    const event: StorageEvent = previous ? { type, kv, previous } : { type, kv }
    this.#events.push(event)
    this.revision = kv.modRevision
    return event
  }

  /** Forgets what only revisions before this one can show, and says which changes those were (a key's oldest first). */
  compact(revision: number): number[] {
    const dropped: number[] = []
    const upTo = this.#position(revision + 1)
    for (let i = 0; i < upTo; i += 1) this.#trim(this.#events[i]!.kv.key, revision, dropped)
    this.#events = this.#events.slice(this.#position(revision))
    this.compactRevision = revision
    return dropped
  }

  #trim(key: string, revision: number, dropped: number[]): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    const versions = entry.older ? [...entry.older, entry.current] : [entry.current]
    let keep = versions.findLastIndex(v => v.modRevision <= revision)
    if (keep < 0) return
    // A delete at the revision itself stays, because a watch may still start there.
    if (versions[keep]!.version === 0 && versions[keep]!.modRevision < revision) keep += 1
    for (const version of versions.slice(0, keep)) {
      dropped.push(version.modRevision)
      this.historyBytes -= version.value.byteLength
    }
    if (keep === versions.length) {
      this.#entries.delete(key)
      this.#everHeld.delete(key)
    } else if (keep > 0) entry.older = keep === versions.length - 1 ? undefined : versions.slice(keep, -1)
  }

  /** How many more keys the range holds now than at a revision in the past. */
  #growth(prefix: string, from: string, revision: number): number {
    let growth = 0
    for (let i = this.#position(revision + 1); i < this.#events.length; i += 1) {
      const { type, kv } = this.#events[i]!
      if (kv.key < from || !kv.key.startsWith(prefix)) continue
      if (type === 'delete') growth -= 1
      else if (kv.version === 1) growth += 1
    }
    return growth
  }

  /** Index of the first event at or after a revision. */
  #position(revision: number): number {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#events[middle]!.kv.modRevision < revision) low = middle + 1
      else high = middle
    }
    return low
  }
}

function present(kv: KeyValue | undefined): KeyValue | undefined {
  return kv && kv.version > 0 ? kv : undefined
}

function versionAt(entry: Entry, revision: number): KeyValue | undefined {
  if (entry.current.modRevision <= revision) return entry.current
  return entry.older?.findLast(v => v.modRevision <= revision)
}
