import { CompactedError, type StorageEvent, type Watcher } from '../storage.ts'
import type { Keyspace } from './keyspace.ts'

interface Watch {
  readonly prefix: string
  readonly watcher: Watcher
  /** The first revision it has not been told of. */
  next: number
}

/**
 * Tells watchers of changes, in the order of revisions. A watcher must not throw: one that does is stopped and told so by
 * `end()`, and the store and the other watchers go on.
 */
export class Watchers {
  readonly #keys: Keyspace
  /** By prefix, because many watchers of one kind share the filtering. */
  readonly #groups = new Map<string, Set<Watch>>()

  constructor(keys: Keyspace) {
    this.#keys = keys
  }

  add(prefix: string, from: number | undefined, watcher: Watcher): { stop(): void } {
    const watch: Watch = { prefix, watcher, next: from ?? this.#keys.revision + 1 }
    const group = this.#groups.get(prefix) ?? new Set()
    this.#groups.set(prefix, group.add(watch))
    // Not at once: the caller does not hold `stop` yet.
    queueMicrotask(() => this.#catchUp(watch))
    return { stop: () => this.#remove(watch) }
  }

  /** Tells of changes just applied to the keyspace. */
  publish(events: readonly StorageEvent[]): void {
    const first = events[0]?.kv.modRevision ?? 0
    for (const [prefix, group] of this.#groups) {
      let shared: StorageEvent[] | undefined
      for (const watch of group) {
        if (watch.next === first) {
          shared ??= events.filter(event => event.kv.key.startsWith(prefix))
          this.#tell(watch, shared)
        } else this.#catchUp(watch)
      }
    }
  }

  /** Ends watches; their revisions are gone or the store is. */
  end(error: Error): void {
    for (const group of [...this.#groups.values()]) for (const watch of [...group]) this.#end(watch, error)
  }

  #catchUp(watch: Watch): void {
    if (!this.#groups.get(watch.prefix)?.has(watch) || watch.next > this.#keys.revision) return
    if (watch.next < this.#keys.compactRevision) {
      this.#end(watch, new CompactedError(this.#keys.compactRevision))
      return
    }
    this.#tell(
      watch,
      this.#keys.since(watch.next).filter(event => event.kv.key.startsWith(watch.prefix)),
    )
  }

  #tell(watch: Watch, events: readonly StorageEvent[]): void {
    const { revision } = this.#keys
    watch.next = revision + 1
    try {
      if (events.length > 0) watch.watcher.events(events, revision)
      else watch.watcher.progress?.(revision)
    } catch (error) {
      this.#end(watch, new Error(`the watcher of ${watch.prefix} threw at revision ${revision}`, { cause: error }))
    }
  }

  #end(watch: Watch, error: Error): void {
    this.#remove(watch)
    try {
      watch.watcher.end(error)
    } catch (thrown) {
      // Nobody is left to tell: a broken invariant of the watcher's owner.
      process.nextTick(() => {
        throw thrown
      })
    }
  }

  #remove(watch: Watch): void {
    const group = this.#groups.get(watch.prefix)
    group?.delete(watch)
    if (group?.size === 0) this.#groups.delete(watch.prefix)
  }
}
