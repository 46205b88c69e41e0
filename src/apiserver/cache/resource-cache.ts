import type { KubernetesObject } from '../../api/group-version.ts'
import { prefixEnd, SortedMap } from '../../base/sorted-map.ts'
import type { KeyValue, StorageEvent } from '../../storage/storage.ts'
import { Entry } from './entry.ts'
import type { Feed, FeedTarget } from './feed.ts'
import { FieldIndex, labelPairs } from './field-index.ts'
import { Ring } from './ring.ts'
import { Change } from './watch-event.ts'

/** Gets the changes of one cache, in order, at once when they happen. `lost`: the cache was loaded anew; start over. */
export interface Subscriber {
  change(change: Change): void
  lost(): void
}

/** Changes kept for watches that come back. */
const remembered = 2048

/**
 * All objects of one stored kind, by key. Loaded when first used, then kept current by the feed; reading it after
 * `feed.fresh()` is as good as reading the store.
 */
export class ResourceCache implements FeedTarget {
  readonly prefix: string
  readonly feed: Feed
  readonly #head: Uint8Array
  #entries = new Map<string, Entry>()
  #ordered = new SortedMap<Entry>()
  #ring = new Ring<Change>(remembered, 0)
  #labels: FieldIndex | undefined
  readonly #fields = new Map<string, FieldIndex>()
  readonly #subscribers = new Set<Subscriber>()
  #loading: Promise<void> | undefined
  #loaded = false
  #resets = 0
  /** Events that came while loading. */
  #early: StorageEvent[] = []
  #changed = 0
  /** Objects just written here, by the bytes they were encoded to: no need to parse those again. */
  readonly #written = new WeakMap<Uint8Array, KubernetesObject>()

  constructor(prefix: string, head: Uint8Array, feed: Feed) {
    this.prefix = prefix
    this.feed = feed
    this.#head = head
  }

  /** Loads the objects, the first time. Everything else may be called only after it. */
  ready(): Promise<void> | undefined {
    if (this.#loaded) return undefined
    this.#loading ??= this.#load().catch(error => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** Brings the cache up to the newest revision of the store. */
  async fresh(): Promise<void> {
    const loading = this.ready()
    if (loading) await loading
    await this.feed.fresh()
    // The feed may have lost its watch meanwhile.
    const again = this.ready()
    if (again) await again
  }

  get size(): number {
    return this.#ordered.size
  }
  /** Revision of the last change to any object here. */
  get changed(): number {
    return this.#changed
  }
  /** Changes after this revision are remembered. */
  get floor(): number {
    return this.#ring.floor
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** Visits entries under `prefix` in order, from `start`, until `visit` answers false. */
  scan(prefix: string, start: string, visit: (entry: Entry) => boolean): void {
    this.#ordered.scan(start, prefixEnd(prefix), visit)
  }

  count(prefix: string, start = prefix): number {
    return this.#ordered.count(start, prefixEnd(prefix))
  }

  /** Entries by label, indexed from the first use on. */
  get labels(): FieldIndex {
    this.#labels ??= this.#indexed(labelPairs)
    return this.#labels
  }

  /** Entries by a field, indexed from the first use on. */
  field(name: string, of: (object: KubernetesObject) => readonly string[]): FieldIndex {
    let index = this.#fields.get(name)
    if (!index) this.#fields.set(name, (index = this.#indexed(of)))
    return index
  }

  /** Tries to bring the floor down to a revision: from before this server's start, or before the objects were loaded. */
  async recall(revision: number): Promise<void> {
    const recalled = await this.feed.recall()
    const { floor } = this.#ring
    if (!recalled || !this.#loaded || revision >= floor || revision < recalled.floor) return
    const earlier = recalled.events.filter(
      ({ kv }) => kv.key.startsWith(this.prefix) && kv.modRevision > revision && kv.modRevision <= floor,
    )
    // What was deleted cannot be told when it was compacted meanwhile.
    if (earlier.some(({ type, previous }) => type === 'delete' && !previous)) return
    const known = this.#ring.after(floor)
    if (earlier.length + known.length > remembered) return
    this.#ring = new Ring(remembered, revision)
    for (const event of earlier) this.#ring.add(this.#changeOf(event))
    for (const change of known) this.#ring.add(change)
  }

  #changeOf({ type, kv, previous }: StorageEvent): Change {
    const before = previous && this.entryOf(previous)
    if (type === 'put') return new Change(before ? 'MODIFIED' : 'ADDED', this.entryOf(kv), before)
    return new Change('DELETED', before!.at(kv.modRevision), before!)
  }

  /** Changes after a revision that is not below the floor. */
  since(revision: number): Change[] {
    return this.#ring.after(revision)
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber)
    return () => this.#subscribers.delete(subscriber)
  }

  /** Says which object some bytes about to be written were encoded from. */
  expectWrite(stored: Uint8Array, object: KubernetesObject): void {
    this.#written.set(stored, object)
  }

  /** The entry of what the store answered; the shared one where it is still current. */
  entryOf(kv: KeyValue): Entry {
    const held = this.#entries.get(kv.key)
    if (held?.revision === kv.modRevision) return held
    const object = this.#written.get(kv.value)
    return new Entry({ key: kv.key, revision: kv.modRevision, stored: kv.value, head: this.#head, object })
  }

  apply(event: StorageEvent): void {
    if (!this.#loaded) {
      if (this.#loading) this.#early.push(event)
      return
    }
    const { key, modRevision } = event.kv
    const previous = this.#entries.get(key)
    // Of a watch that started again, what is known already.
    if (modRevision <= this.#changed) return
    this.#changed = modRevision
    if (event.type === 'delete') {
      if (previous) this.#removed(previous, modRevision)
      return
    }
    const entry = this.entryOf(event.kv)
    this.#entries.set(key, entry)
    this.#ordered.set(key, entry)
    this.#index(previous, entry)
    this.#publish(new Change(previous ? 'MODIFIED' : 'ADDED', entry, previous))
  }

  reset(): void {
    this.#loaded = false
    this.#loading = undefined
    this.#resets += 1
    this.#early = []
    for (const subscriber of [...this.#subscribers]) subscriber.lost()
  }

  #removed(previous: Entry, revision: number): void {
    this.#entries.delete(previous.key)
    this.#ordered.delete(previous.key)
    this.#index(previous, undefined)
    this.#publish(new Change('DELETED', previous.at(revision), previous))
  }

  async #load(): Promise<void> {
    this.#early = []
    const resets = this.#resets
    const { kvs, revision } = await this.feed.storage.range({ prefix: this.prefix })
    // What was read before the feed lost its watch lacks events that never come.
    if (resets !== this.#resets) return this.ready()
    this.#entries = new Map()
    this.#ordered = new SortedMap()
    this.#labels = undefined
    this.#fields.clear()
    this.#ring = new Ring(remembered, revision)
    for (const kv of kvs) {
      const entry = this.entryOf(kv)
      this.#entries.set(kv.key, entry)
      this.#ordered.set(kv.key, entry)
    }
    this.#changed = revision
    this.#loaded = true
    for (const event of this.#early.splice(0)) this.apply(event)
  }

  #publish(change: Change): void {
    this.#ring.add(change)
    for (const subscriber of this.#subscribers) subscriber.change(change)
  }

  #index(old: Entry | undefined, now: Entry | undefined): void {
    this.#labels?.replace(old, now)
    for (const index of this.#fields.values()) index.replace(old, now)
  }

  #indexed(of: (object: KubernetesObject) => readonly string[]): FieldIndex {
    const index = new FieldIndex(of)
    for (const entry of this.#entries.values()) index.replace(undefined, entry)
    return index
  }
}
