/** Snapshots of SQLite stores as files: a store like any other, which no process has open. */
import { constants, copyFileSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { crc32c } from '../../base/crc32c.ts'
import type { SnapshotStatus } from '../snapshot-status.ts'
import { explained, isStore, openDatabase, syncFolder } from './database.ts'

/** Checks the whole file and tells what is in it. Throws when it is damaged or not ours. */
export function sqliteSnapshotStatus(file: string): SnapshotStatus {
  try {
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      const bad = database.prepare('PRAGMA integrity_check(1)').all() as { readonly integrity_check: string }[]
      if (bad[0]?.integrity_check !== 'ok') throw new Error(`it is damaged: ${bad[0]?.integrity_check}`)
      if (!isStore(database)) throw new Error('it is no store of Kobune')
      let hash = 0
      let totalKey = 0
      let revision = (database.prepare('SELECT revision FROM compacted').get() as { revision: number }).revision
      for (const row of database.prepare('SELECT revision, key, value FROM change ORDER BY revision').iterate()) {
        hash = crc32c(row.value as Uint8Array, crc32c(Buffer.from(row.key as string), hash))
        totalKey++
        revision = Math.max(revision, row.revision as number)
      }
      return {
        kind: 'sqlite',
        hash: hash.toString(16).padStart(8, '0'),
        revision,
        totalKey,
        totalSize: statSync(file).size,
      }
    } finally {
      database.close()
    }
  } catch (error) {
    throw explained(file, 'read', error)
  }
}

/**
 * Makes a store out of a snapshot, at a revision that is `by` higher, from which on watchers must begin anew. `to` must
 * not exist.
 */
export function restoreSqlite(from: string, to: string, by: number): { readonly revision: number } {
  const revision = sqliteSnapshotStatus(from).revision + by
  copyFileSync(from, to, constants.COPYFILE_EXCL)
  try {
    const database = openDatabase(to)
    try {
      database.prepare('UPDATE compacted SET revision = ?').run(revision)
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
    syncFolder(to)
    return { revision }
  } catch (error) {
    rmSync(to, { force: true })
    throw error
  }
}
