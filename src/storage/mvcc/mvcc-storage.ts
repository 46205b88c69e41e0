import { type Clock, systemClock } from '../../base/clock.ts'
import {
  type KeyValue,
  NotWrittenError,
  type RangeOptions,
  type RangeResult,
  type Storage,
  type Watcher,
  type WriteOptions,
  type WriteResult,
} from '../storage.ts'
import { checkKey, checkRevision, checkWrite } from './check.ts'
import { Expiry } from './expiry.ts'
import type { Forget, Journal } from './journal.ts'
import type { Change, Keyspace } from './keyspace.ts'
import { Retention, type RetentionOptions } from './retention.ts'
import { Watchers } from './watchers.ts'

/** What the embedded stores have in common. */
export interface MvccOptions extends RetentionOptions {
  readonly clock?: Clock
}

interface Write {
  readonly change: Change
  readonly previous: KeyValue | undefined
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: Error) => void
  /** Those who wait to see whether it becomes durable. */
  waiting: (() => void)[] | undefined
}

/** So much goes into one commit at most: it bounds the time that a write waits for others. */
const commitWrites = 2000
const commitBytes = 8 * 2 ** 20
/** So many forgotten changes are removed with one commit. */
const commitForgets = 1000
const expiryRetry = 1000

/**
 * The store over an in-memory keyspace and a journal. A write gets its revision when it is submitted, judged against
 * all writes before it, durable or not; it waits in the queue while the commit before runs, is made durable together
 * with all that waits, and only then is applied, shown to watchers and acknowledged, in this order. When a commit
 * fails, everything submitted fails with it (later writes were judged by it), and revisions go on from the last durable one.
 */
export class MvccStorage implements Storage {
  readonly #keys: Keyspace
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #watchers: Watchers
  readonly #expiry: Expiry
  readonly #retention: Retention
  #queue: Write[] = []
  /** The last write under way of each key. */
  readonly #pending = new Map<string, Write>()
  #assigned: number
  #forget: { compactRevision: number; revisions: number[] } | undefined
  /** The commits under way, or a snapshot: the journal takes one call at a time. */
  #busy: Promise<void> | undefined
  #gone: Error | undefined

  /** `keys` holds what the journal has, `forget` what of it is still to be removed. */
  constructor(
    keys: Keyspace,
    journal: Journal,
    options: MvccOptions & { leases?: readonly Change[]; forget?: Forget },
  ) {
    this.#keys = keys
    this.#journal = journal
    this.#clock = options.clock ?? systemClock
    this.#assigned = keys.revision
    this.#watchers = new Watchers(keys)
    this.#expiry = new Expiry(this.#clock, ({ key, modRevision }) => void this.#expire(key, modRevision))
    this.#retention = new Retention(keys, this.#clock, options, revision => void this.#drop(revision))
    for (const { kv, expires } of options.leases ?? [])
      this.#expiry.add({ key: kv.key, modRevision: kv.modRevision, at: expires })
    if (options.forget) this.#forgetLater(options.forget)
    if (keys.events > 0) this.#retention.applied()
  }

  async revision(): Promise<number> {
    this.#demandOpen()
    return this.#keys.revision
  }

  async get(
    key: string,
    options: { readonly revision?: number } = {},
  ): Promise<{ readonly kv?: KeyValue; readonly revision: number }> {
    this.#demandOpen()
    checkKey(key)
    const revision = checkRevision(options.revision) ?? this.#keys.revision
    this.#keys.demand(revision)
    const kv = this.#keys.get(key, options.revision)
    return kv ? { kv, revision } : { revision }
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    this.#demandOpen()
    this.#keys.demand(checkRevision(options.revision) ?? this.#keys.revision)
    return this.#keys.range(options)
  }

  async put(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    checkKey(key)
    checkWrite(value, options)
    return this.#judge(key, options.expect, held => {
      const modRevision = ++this.#assigned
      const kv = {
        key,
        value,
        createRevision: held?.createRevision ?? modRevision,
        modRevision,
        version: (held?.version ?? 0) + 1,
      }
      const expires = options.ttl === undefined ? 0 : this.#clock.now() + options.ttl * 1000
      return this.#submit({ type: 'put', kv, expires }, held)
    })
  }

  async delete(key: string, options: Pick<WriteOptions, 'expect'> = {}): Promise<WriteResult> {
    checkKey(key)
    checkRevision(options.expect === 0 ? undefined : options.expect, 'expect')
    return this.#judge(key, options.expect, async held => {
      if (held) {
        const kv = { key, value: nothing, createRevision: 0, modRevision: ++this.#assigned, version: 0 }
        return this.#submit({ type: 'delete', kv, expires: 0 }, held)
      }
      const pending = this.#pending.get(key)
      if (!pending) return { ok: true, revision: this.#keys.revision }
      await settled(pending)
      return this.delete(key, options)
    })
  }

  watch(options: { readonly prefix: string; readonly from?: number }, watcher: Watcher): { stop(): void } {
    this.#demandOpen()
    return this.#watchers.add(options.prefix, checkRevision(options.from, 'from'), watcher)
  }

  async compact(revision: number): Promise<void> {
    this.#demandOpen()
    checkRevision(revision)
    this.#keys.demand(revision)
    await this.#drop(revision)
  }

  async snapshot(file: string): Promise<{ readonly revision: number }> {
    let revision = 0
    await this.#alone(async () => {
      revision = this.#keys.revision
      await this.#journal.snapshot(file)
    })
    return { revision }
  }

  async size(): Promise<{ readonly bytes: number; readonly keys: number }> {
    this.#demandOpen()
    const memory = this.#keys.currentBytes + this.#keys.historyBytes
    return { bytes: (await this.#journal.bytes()) ?? memory, keys: this.#keys.keys }
  }

  async close(): Promise<void> {
    if (this.#gone) return
    this.#gone = new Error('the store is closed')
    this.#expiry.stop()
    this.#retention.stop()
    while (this.#busy) await this.#busy
    this.#watchers.end(this.#gone)
    await this.#journal.close()
  }

  /**
   * Calls `write` with what the key will hold once all writes before it are done, if that is what the caller expects.
   * Judging and taking the next revision happen in one go: nothing may be awaited between them.
   */
  async #judge(
    key: string,
    expect: number | undefined,
    write: (held: KeyValue | undefined) => Promise<WriteResult>,
  ): Promise<WriteResult> {
    for (let waited = false; ; waited = true) {
      this.#demandOpen()
      const pending = this.#pending.get(key)
      const durable = this.#keys.get(key)
      const held = pending ? (pending.change.type === 'put' ? pending.change.kv : undefined) : durable
      if (expect === undefined || expect === (held?.modRevision ?? 0)) return write(held)
      if (!pending || (waited && expect !== (durable?.modRevision ?? 0))) {
        const { revision } = this.#keys
        return durable ? { ok: false, revision, current: durable } : { ok: false, revision }
      }
      // Lost against a write that is not durable yet: it may still fail, and `current` has to be durable.
      await settled(pending)
    }
  }

  #submit(change: Change, previous: KeyValue | undefined): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const write: Write = { change, previous, resolve, reject, waiting: undefined }
      this.#queue.push(write)
      this.#pending.set(change.kv.key, write)
      this.#start()
    })
  }

  #start(): void {
    this.#busy ??= this.#commitAll().finally(() => {
      this.#busy = undefined
      if (this.#queue.length > 0) this.#start()
    })
  }

  async #commitAll(): Promise<void> {
    // Lets all writes of this turn of the event loop into the first commit.
    await undefined
    while (this.#queue.length > 0 || this.#forget) {
      const writes = this.#queue.splice(0, this.#batch())
      const forget = this.#forget && { ...this.#forget, revisions: this.#forget.revisions.slice(0, commitForgets) }
      try {
        await this.#journal.commit(
          writes.map(write => write.change),
          forget,
        )
      } catch (error) {
        this.#fail(writes, error as Error)
        return
      }
      if (forget) this.#forgotten(forget)
      if (writes.length > 0) this.#publish(writes)
    }
  }

  #batch(): number {
    let bytes = 0
    const most = Math.min(this.#queue.length, commitWrites)
    for (let i = 0; i < most; i += 1) {
      bytes += this.#queue[i]!.change.kv.value.byteLength
      if (bytes > commitBytes) return i + 1
    }
    return most
  }

  #publish(writes: readonly Write[]): void {
    const events = writes.map(({ change }) => {
      const { key, modRevision } = change.kv
      if (change.expires > 0) this.#expiry.add({ key, modRevision, at: change.expires })
      return this.#keys.apply(change)
    })
    this.#settle(writes)
    this.#watchers.publish(events)
    for (const { change, previous, resolve } of writes) {
      const result = {
        ok: true as const,
        revision: change.kv.modRevision,
        ...(change.type === 'put' && { kv: change.kv }),
      }
      resolve(previous ? { ...result, previous } : result)
    }
    this.#retention.applied()
  }

  #fail(writes: readonly Write[], error: Error): void {
    const failed = [...writes, ...this.#queue]
    this.#queue = []
    this.#assigned = this.#keys.revision
    this.#settle(failed)
    for (const { change, reject } of failed)
      reject(new NotWrittenError(`${change.kv.key} was not written: ${error.message}`, { cause: error }))
    if (this.#journal.dead && !this.#gone) {
      this.#gone = new Error(`the store has failed: ${error.message}`, { cause: error })
      this.#expiry.stop()
      this.#retention.stop()
      this.#watchers.end(this.#gone)
    }
  }

  #settle(writes: readonly Write[]): void {
    for (const write of writes) {
      const { key } = write.change.kv
      if (this.#pending.get(key) === write) this.#pending.delete(key)
      for (const wake of write.waiting ?? []) wake()
    }
  }

  async #expire(key: string, modRevision: number): Promise<void> {
    try {
      await this.delete(key, { expect: modRevision })
    } catch {
      // Closed, or a commit failed, of which its writers are told: the key stays until a later attempt.
      if (!this.#gone) this.#expiry.add({ key, modRevision, at: this.#clock.now() + expiryRetry })
    }
  }

  /** Forgets history in memory at once; the journal follows, now or with the next commit that succeeds. */
  async #drop(revision: number): Promise<void> {
    if (revision <= this.#keys.compactRevision) return
    this.#forgetLater({ compactRevision: revision, revisions: this.#keys.compact(revision) })
    this.#start()
    await this.#busy
  }

  #forgetLater({ compactRevision, revisions }: Forget): void {
    this.#forget ??= { compactRevision, revisions: [] }
    this.#forget.compactRevision = compactRevision
    for (const revision of revisions) this.#forget.revisions.push(revision)
  }

  #forgotten({ compactRevision, revisions }: Forget): void {
    const left = this.#forget!
    left.revisions.splice(0, revisions.length)
    if (left.revisions.length === 0 && left.compactRevision === compactRevision) this.#forget = undefined
  }

  /** Runs `work` while no commit runs; writes queue up behind it. */
  async #alone(work: () => Promise<void>): Promise<void> {
    while (this.#busy) await this.#busy
    this.#demandOpen()
    const running = work()
    const quiet = running.catch(() => undefined)
    this.#busy = quiet.finally(() => {
      this.#busy = undefined
      if (this.#queue.length > 0) this.#start()
    })
    await running
  }

  #demandOpen(): void {
    if (this.#gone) throw this.#gone
  }
}

const nothing = new Uint8Array(0)

function settled(write: Write): Promise<void> {
  return new Promise(resolve => {
    write.waiting ??= []
    write.waiting.push(resolve)
  })
}
