import type { Journal } from '../mvcc/journal.ts'
import { Keyspace } from '../mvcc/keyspace.ts'
import { type MvccOptions, MvccStorage } from '../mvcc/mvcc-storage.ts'
import type { Storage } from '../storage.ts'

/**
 * A store that lives as long as the process. Its snapshots are in the format of sqlite/ and can be opened there; in them
 * keys have no time to live any more.
 */
export function memoryStorage(options: MvccOptions = {}): Storage {
  const keys = new Keyspace()
  return new MvccStorage(keys, new NoJournal(keys), options)
}

class NoJournal implements Journal {
  readonly #keys: Keyspace

  constructor(keys: Keyspace) {
    this.#keys = keys
  }

  async commit(): Promise<void> {}

  async snapshot(file: string): Promise<void> {
    const { writeSnapshot } = await import('../sqlite/snapshot.ts')
    const { kvs, revision } = this.#keys.range({ prefix: '' })
    await writeSnapshot(file, kvs, revision)
  }

  async bytes(): Promise<undefined> {}

  async close(): Promise<void> {}
}
