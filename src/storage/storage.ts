/**
 * The versioned key-value store under the API server: etcd's semantics, any medium (memory/, sqlite/, etcd/).
 * There is one revision for the whole store. It starts at 1 and grows by one with every successful write.
 * Every implementation passes storage.suite.ts.
 */

/** One key at one revision. `value` is owned by the store: never change its bytes. */
export interface KeyValue {
  readonly key: string
  readonly value: Uint8Array
  /** Revision of the write that created the key (survives updates, not a delete). */
  readonly createRevision: number
  /** Revision of the write that made this value. */
  readonly modRevision: number
  /** 1 at creation, one more with each write. */
  readonly version: number
}

/** A change, as watchers see it. For a delete, `kv` has an empty value and `modRevision` is the delete's revision. */
export interface StorageEvent {
  readonly type: 'put' | 'delete'
  readonly kv: KeyValue
  /** What the key held before; absent when the key was created, or when that revision is already compacted. */
  readonly previous?: KeyValue
}

export interface RangeOptions {
  /** Keys that start with this. Exclusive with `start`/`end` being outside of it: a continued list gives both. */
  readonly prefix: string
  /** First key to return (inclusive); default: the prefix itself. */
  readonly start?: string
  /** 0 or absent: no limit. */
  readonly limit?: number
  /** Read as of this revision; default: now. Throws CompactedError or FutureRevisionError. */
  readonly revision?: number
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[]
  /** Revision the answer is of. */
  readonly revision: number
  /** More keys follow after the limit. */
  readonly more: boolean
  /** How many keys the whole range holds at that revision, regardless of the limit. */
  readonly count: number
}

export interface WriteOptions {
  /** Compare-and-swap: the key's current modRevision; 0 = the key must not exist. Absent: unconditional. */
  readonly expect?: number
  /** Seconds after which the key is deleted by the store (a delete event follows). */
  readonly ttl?: number
}

/**
 * Outcome of a write, given only when it is durable. On a lost compare-and-swap nothing was written and `current` is
 * what the key holds (durably) now, absent when the key does not exist: the caller can retry without reading again.
 */
export type WriteResult =
  | { readonly ok: true; readonly revision: number; readonly kv?: KeyValue; readonly previous?: KeyValue }
  | { readonly ok: false; readonly revision: number; readonly current?: KeyValue }

/** What a watcher is called with, in order of revision and never concurrently. */
export interface Watcher {
  /**
   * All events of one or more consecutive revisions; delivered before any of their writes is acknowledged to the
   * writer (within this process), so a cache fed by it never lags behind an answer already given.
   */
  events(events: readonly StorageEvent[], revision: number): void
  /** Nothing of interest happened up to and including this revision (etcd's progress notification). */
  progress?(revision: number): void
  /** The watch is over: CompactedError when `from` is no longer held, or the store failed. Never after `stop()`. */
  end(error: Error): void
}

export interface Storage {
  /** The newest durable revision known; for a shared store this asks the quorum. */
  revision(): Promise<number>
  get(
    key: string,
    options?: { readonly revision?: number },
  ): Promise<{ readonly kv?: KeyValue; readonly revision: number }>
  range(options: RangeOptions): Promise<RangeResult>
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<WriteResult>
  /** Deleting a key that is not there is ok, writes nothing and takes no revision (unless `expect` says otherwise). */
  delete(key: string, options?: Pick<WriteOptions, 'expect'>): Promise<WriteResult>
  /** Events with modRevision >= `from` (default: the next one) under `prefix`. */
  watch(options: { readonly prefix: string; readonly from?: number }, watcher: Watcher): { stop(): void }
  /** Forget all revisions before this one; values still current are kept. */
  compact(revision: number): Promise<void>
  /** Writes a consistent copy of the whole store, current as of the returned revision, to a new file. */
  snapshot(file: string): Promise<{ readonly revision: number }>
  /** Bytes on disk or in memory, and keys: for metrics. */
  size(): Promise<{ readonly bytes: number; readonly keys: number }>
  /** Waits for writes under way, then lets go of everything. Writes after it throw. */
  close(): Promise<void>
  /** Whether calls wait, because what is behind it is being restarted. */
  held?(): boolean
}

/** The revision asked for was compacted away (etcd: `mvcc: required revision has been compacted`). */
export class CompactedError extends Error {
  override readonly name = 'CompactedError'
  readonly compactRevision: number
  constructor(compactRevision: number) {
    super(`required revision has been compacted (oldest is ${compactRevision})`)
    this.compactRevision = compactRevision
  }
}

/** The revision asked for does not exist yet (etcd: `mvcc: required revision is a future revision`). */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError'
}

/** The store could not be asked: nothing happened. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** The store did not answer a write: whether it happened is not known. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError'
}

/** A write was not stored; the message says why, in words for whoever wrote. */
export class NotWrittenError extends Error {
  override readonly name = 'NotWrittenError'
}
