import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Forget, Journal } from '../mvcc/journal.ts'
import { type Change, Keyspace } from '../mvcc/keyspace.ts'
import { type MvccOptions, MvccStorage } from '../mvcc/mvcc-storage.ts'
import type { Storage } from '../storage.ts'
import type { Answer, Request } from './messages.ts'
import { pack, unpack } from './packing.ts'

export interface SqliteOptions extends MvccOptions {
  /** Made with mode 0600 when it is not there; its folder must exist. */
  readonly file: string
}

/**
 * A store in one SQLite file, for one process on one machine. Everything current is also kept in memory; the file is read
 * once at opening. A worker thread commits writes in groups, each with one fsync.
 */
export async function sqliteStorage(options: SqliteOptions): Promise<Storage> {
  const keys = new Keyspace()
  const leases = new Map<string, Change>()
  const journal = new WorkerJournal(resolve(options.file))
  const compactRevision = await journal.load(change => {
    keys.apply(change)
    if (change.expires > 0) leases.set(change.kv.key, change)
  })
  keys.revision = Math.max(keys.revision, compactRevision)
  // Rows that a compaction did not get to before the process ended.
  const revisions = keys.compact(compactRevision)
  return new MvccStorage(keys, journal, {
    ...options,
    leases: [...leases.values()].filter(({ kv }) => keys.get(kv.key)?.modRevision === kv.modRevision),
    ...(revisions.length > 0 && { forget: { compactRevision, revisions } }),
  })
}

/** The worker seen from the main thread. Answers come in the order of requests. */
class WorkerJournal implements Journal {
  dead: Error | undefined
  readonly #file: string
  readonly #worker: Worker
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = []
  #row: ((change: Change) => void) | undefined

  constructor(file: string) {
    this.#file = file
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { file },
      name: 'storage',
      // Its objects are short-lived rows: a small nursery keeps the process small.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.#worker.on('message', (answer: Answer) => this.#hear(answer))
    this.#worker.on('error', error => this.#die(error))
    this.#worker.on('exit', () => this.#die(new Error('its thread has ended')))
  }

  /** Hands over all changes held, in order, and says what the oldest revision is. */
  async load(row: (change: Change) => void): Promise<number> {
    this.#row = row
    try {
      const answer = await this.#answer()
      return answer.is === 'open' ? answer.compactRevision : 1
    } catch (error) {
      await this.#worker.terminate()
      throw error
    }
  }

  async commit(changes: readonly Change[], forget: Forget | undefined): Promise<void> {
    const packed = pack(changes)
    await this.#ask({ do: 'commit', changes: packed, forget }, [packed])
  }

  async snapshot(file: string): Promise<void> {
    await this.#ask({ do: 'snapshot', file: resolve(file) })
  }

  async bytes(): Promise<number | undefined> {
    const answer = await this.#ask({ do: 'bytes' })
    return answer.is === 'done' ? answer.bytes : undefined
  }

  async close(): Promise<void> {
    if (this.dead) return
    await this.#ask({ do: 'close' })
    await this.#worker.terminate()
  }

  #ask(request: Request, transfer: ArrayBuffer[] = []): Promise<Answer> {
    if (this.dead) return Promise.reject(this.dead)
    this.#worker.postMessage(request, transfer)
    return this.#answer()
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #hear(answer: Answer): void {
    if (answer.is === 'rows') {
      for (const change of unpack(answer.changes)) this.#row?.(change)
      return
    }
    const { resolve, reject } = this.#waiting.shift()!
    if (answer.is === 'failed') reject(new Error(answer.message))
    else resolve(answer)
  }

  #die(error: Error): void {
    this.dead ??= new Error(`the store ${this.#file} is gone: ${error.message}`, { cause: error })
    for (const { reject } of this.#waiting.splice(0)) reject(this.dead)
  }
}
