/** The store on a real etcd (3.4 or newer), by gRPC: several API servers may share one. */
import { randomInt } from 'node:crypto'
import { open } from 'node:fs/promises'
import { type Clock, systemClock } from '../../base/clock.ts'
import { checkKey, checkRevision, checkWrite } from '../mvcc/check.ts'
import {
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  NotWrittenError,
  type RangeOptions,
  type RangeResult,
  type Storage,
  UnknownOutcomeError,
  UnreachableError,
  type Watcher,
  type WriteOptions,
  type WriteResult,
} from '../storage.ts'
import { type CallKind, EtcdConnection, EtcdError, type EtcdOptions } from './connection.ts'
import { type Header, keyValue, prefixEnd, type RangeAnswer, type TxnAnswer } from './messages.ts'
import { EtcdWatch } from './watch.ts'

export interface EtcdStorageOptions extends EtcdOptions {
  /** How long to wait for a member when opening, milliseconds. Default 30 s. */
  readonly patience?: number
  readonly clock?: Clock
}

/** The store, with what only a networked one has. */
export interface EtcdStore extends Storage {
  /** Other credentials for calls from now on. */
  renew(credentials: Omit<EtcdOptions, 'endpoints'>): void
  /** Lets calls wait, for so many milliseconds at most: the member is about to be restarted. Returns what ends it. */
  hold(most: number): () => void
}

/** Opens the store as soon as a member can be reached; throws when none can, or when it has no quorum. */
export async function etcdStorage(options: EtcdStorageOptions): Promise<EtcdStore> {
  const connection = new EtcdConnection(options)
  const store = new EtcdStorage(connection, options.clock ?? systemClock)
  try {
    await connection.ready(options.patience ?? 30_000)
    await store.revision()
  } catch (error) {
    await store.close()
    throw error
  }
  return store
}

const equal = 0
/** Milliseconds that a writer waits for watchers of this process. */
const mostWait = 2_000
const modRevision = 2
/** A lease is shared by keys written with the same time to live within this time, milliseconds. */
const leaseShared = 60_000

class EtcdStorage implements EtcdStore {
  readonly #connection: EtcdConnection
  readonly #clock: Clock
  readonly #watches = new Map<EtcdWatch, string>()
  readonly #leases = new Map<number, { id: Promise<number>; at: number }>()
  readonly #writing = new Set<Promise<unknown>>()
  /** The newest revision that an answer has shown. */
  #seen = 0
  /** The newest compaction known; etcd's refusal does not name it. */
  #compacted = 0
  #closed = false

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  renew(credentials: Omit<EtcdOptions, 'endpoints'>): void {
    this.#connection.renew(credentials)
  }

  hold(most: number): () => void {
    return this.#connection.hold(most)
  }

  held(): boolean {
    return this.#connection.held
  }

  async revision(): Promise<number> {
    const { header } = await this.#read<RangeAnswer>(
      { key: Buffer.from('\0'), countOnly: true, limit: 1 },
      'small read',
    )
    return header.revision
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}) {
    checkRevision(revision)
    const answer = await this.#read<RangeAnswer>(
      { key: Buffer.from(key), ...(revision && { revision }) },
      'small read',
      revision,
    )
    const [kv] = answer.kvs
    return { ...(kv && { kv: keyValue(kv) }), revision: answer.header.revision }
  }

  async range({ prefix, start, limit, revision }: RangeOptions): Promise<RangeResult> {
    checkRevision(revision)
    const first = Buffer.from(start ?? prefix)
    const request = {
      key: first.length ? first : Buffer.from('\0'),
      rangeEnd: prefixEnd(Buffer.from(prefix)),
      ...(limit && { limit }),
      ...(revision && { revision }),
    }
    const { kvs, more, count, header } = await this.#read<RangeAnswer>(request, 'read', revision)
    return { kvs: kvs.map(keyValue), more, count, revision: revision ?? header.revision }
  }

  async put(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<WriteResult> {
    checkKey(key)
    checkWrite(value, options)
    const lease = options.ttl === undefined ? undefined : await this.#lease(options.ttl)
    const operation = { requestPut: { key: Buffer.from(key), value, prevKv: true, ...(lease && { lease }) } }
    return this.#write(key, operation, options.expect, value)
  }

  async delete(key: string, { expect }: Pick<WriteOptions, 'expect'> = {}): Promise<WriteResult> {
    // There is nothing to delete where nothing may be.
    if (expect === 0) {
      const { kv, revision } = await this.get(key)
      return kv ? { ok: false, revision, current: kv } : { ok: true, revision }
    }
    return this.#write(key, { requestDeleteRange: { key: Buffer.from(key), prevKv: true } }, expect)
  }

  async #write(key: string, operation: object, expect: number | undefined, value?: Uint8Array): Promise<WriteResult> {
    if (this.#closed) throw new Error('the store is closed')
    const bytes = Buffer.from(key)
    const compare =
      expect === undefined ? [] : [{ result: equal, target: modRevision, key: bytes, modRevision: expect }]
    const request = { compare, success: [operation], failure: [{ requestRange: { key: bytes } }] }
    const work = this.#transact(request, key, value, expect).then(async ({ answer, result }) => {
      if (result.ok && (value || result.previous)) await this.#told(key, result.revision)
      this.#saw(answer)
      return result
    })
    this.#writing.add(work)
    return work.finally(() => this.#writing.delete(work))
  }

  /**
   * A write that got no answer is not asked again: it may have happened. Only of one that creates a key it can be told
   * afterwards, because nobody else makes the same bytes out of nothing.
   */
  async #transact(request: object, key: string, value: Uint8Array | undefined, expect: number | undefined) {
    const seen = this.#seen
    const ask = async () => {
      const answer = await this.#connection.call<TxnAnswer>('KV', 'Txn', request, 'write')
      return { answer, result: resultOf(key, answer, value) }
    }
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error
      if (error.message.includes('database space exceeded'))
        throw new NotWrittenError('etcd takes no writes: its quota is used up (alarm NOSPACE); see kobune status', {
          cause: error,
        })
      if (!error.unreachable) throw error
      if (error.unsent) throw new UnreachableError(error.message, { cause: error })
      const unknown = new UnknownOutcomeError(error.message, { cause: error })
      if (expect !== 0 || !value) throw unknown
      const { answer, result } = await ask().catch(() => {
        throw unknown
      })
      const current = result.ok ? undefined : result.current
      // What was there before the first attempt was in its way as well.
      if (!current || current.createRevision <= seen) return { answer, result }
      if (current.version > 1 || !Buffer.from(current.value).equals(value)) throw unknown
      return { answer, result: { ok: true, revision: current.modRevision, kv: current } as const }
    }
  }

  /** Watchers here hear of a write before its writer does, unless they lost their member and have no other yet. */
  async #told(key: string, revision: number): Promise<void> {
    const concerned = [...this.#watches].filter(([, prefix]) => key.startsWith(prefix))
    if (concerned.length === 0) return
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, mostWait)
    await Promise.race([Promise.all(concerned.map(([watch]) => watch.reached(revision))), late])
    clearTimeout(timer)
  }

  watch({ prefix, from }: { readonly prefix: string; readonly from?: number }, watcher: Watcher): { stop(): void } {
    const key = Buffer.from(prefix)
    const forget: Watcher = {
      events: (events, revision) => watcher.events(events, revision),
      progress: revision => watcher.progress?.(revision),
      end: error => {
        this.#watches.delete(watch)
        watcher.end(error)
      },
    }
    const options = {
      key: key.length ? key : Buffer.from('\0'),
      rangeEnd: prefixEnd(key),
      from: from ?? this.#seen + 1,
    }
    const watch = new EtcdWatch(this.#connection, options, forget, this.#clock)
    this.#watches.set(watch, prefix)
    return {
      stop: () => {
        this.#watches.delete(watch)
        watch.stop()
      },
    }
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#connection.call('KV', 'Compact', { revision }, false)
    } catch (error) {
      throw this.#meant(error, revision)
    }
    this.#compacted = Math.max(this.#compacted, revision)
  }

  async snapshot(file: string): Promise<{ readonly revision: number }> {
    const out = await open(file, 'wx', 0o600)
    try {
      const revision = await this.revision()
      for await (const { blob } of this.#connection.stream<{ blob: Uint8Array }>('Maintenance', 'Snapshot', {})) {
        await out.write(blob)
      }
      await out.sync()
      return { revision }
    } finally {
      await out.close()
    }
  }

  async size(): Promise<{ readonly bytes: number; readonly keys: number }> {
    const all = { key: Buffer.from('\0'), rangeEnd: Buffer.from('\0'), countOnly: true }
    const { count } = await this.#read<RangeAnswer>(all, 'read')
    const { dbSize } = await this.#connection.call<{ dbSize: number }>('Maintenance', 'Status', {}, true)
    return { bytes: dbSize, keys: count }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#writing)
    for (const watch of [...this.#watches.keys()]) watch.end(new Error('the store is closed'))
    this.#connection.close()
  }

  /** Linearizable: etcd asks its quorum. */
  async #read<Answer extends Header>(request: object, kind: CallKind, revision?: number): Promise<Answer> {
    if (this.#closed) throw new Error('the store is closed')
    try {
      const answer = await this.#connection.call<Answer>('KV', 'Range', request, kind)
      this.#saw(answer)
      return answer
    } catch (error) {
      throw this.#meant(error, revision ?? 0)
    }
  }

  #saw({ header }: Header): void {
    this.#seen = Math.max(this.#seen, header.revision)
  }

  /** The error that etcd's words stand for. */
  #meant(error: unknown, revision: number): unknown {
    if (!(error instanceof EtcdError)) return error
    if (error.message.includes('has been compacted')) return new CompactedError(Math.max(this.#compacted, revision + 1))
    if (error.message.includes('future revision')) return new FutureRevisionError(error.message)
    if (error.unreachable) return new UnreachableError(error.message, { cause: error })
    return error
  }

  #lease(ttl: number): Promise<number> {
    const now = this.#clock.now()
    const known = this.#leases.get(ttl)
    // A shared lease ends a little early for keys written late: only where that is a small part of the time.
    if (known && now - known.at < Math.min(leaseShared, ttl * 20)) return known.id
    // The id is ours to choose: etcd's own have more bits than a number here.
    const ID = randomInt(1, 2 ** 47)
    const id = this.#connection.call('Lease', 'LeaseGrant', { TTL: Math.ceil(ttl), ID }, false).then(() => ID)
    id.catch(() => this.#leases.delete(ttl))
    this.#leases.set(ttl, { id, at: now })
    return id
  }
}

function resultOf(
  key: string,
  { succeeded, responses, header }: TxnAnswer,
  value: Uint8Array | undefined,
): WriteResult {
  const { revision } = header
  const [response] = responses
  if (!succeeded) {
    const [current] = response?.responseRange?.kvs ?? []
    return { ok: false, revision, ...(current && { current: keyValue(current) }) }
  }
  const before = value ? response?.responsePut?.prevKv : response?.responseDeleteRange?.prevKvs[0]
  const previous = before ? keyValue(before) : undefined
  const kv: KeyValue | undefined = value && {
    key,
    value,
    createRevision: previous?.createRevision ?? revision,
    modRevision: revision,
    version: (previous?.version ?? 0) + 1,
  }
  return { ok: true, revision, ...(kv && { kv }), ...(previous && { previous }) }
}
