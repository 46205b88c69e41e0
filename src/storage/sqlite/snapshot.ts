import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { KeyValue } from '../storage.ts'
import { explained, openDatabase, syncFolder } from './database.ts'

/** Copies a whole open database to a file that must not exist yet. */
export function copyDatabase(database: DatabaseSync, file: string): void {
  newFile(file, () => database.prepare('VACUUM INTO ?').run(file))
}

/** Writes a store that holds just these keys, as of this revision. */
export async function writeSnapshot(file: string, kvs: readonly KeyValue[], revision: number): Promise<void> {
  newFile(file, () => {
    const database = openDatabase(file)
    try {
      database.exec('BEGIN')
      const insert = database.prepare('INSERT INTO change VALUES (?, 1, ?, ?, ?, ?, 0)')
      for (const kv of kvs) insert.run(kv.modRevision, kv.key, kv.value, kv.createRevision, kv.version)
      database.prepare('UPDATE compacted SET revision = ?').run(revision)
      database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
  })
}

function newFile(file: string, fill: () => void): void {
  let made = false
  try {
    closeSync(openSync(file, 'wx', 0o600))
    made = true
    fill()
    const handle = openSync(file, 'r')
    fsyncSync(handle)
    closeSync(handle)
    syncFolder(file)
  } catch (error) {
    if (made) rmSync(file, { force: true })
    throw explained(file, 'write a snapshot of', error)
  }
}
