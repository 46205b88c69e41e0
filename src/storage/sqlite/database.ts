import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Says that the file is a store of ours ("KBNE"), and in which version of the layout. */
const applicationId = 0x4b424e45
const layout = 1

/**
 * One row per change, keyed by its revision: writing appends, and reading all in order gives state and history back.
 * `compacted` is the oldest revision that can be asked for; rows from there on are complete.
 */
const schema = `
  CREATE TABLE change (revision INTEGER PRIMARY KEY, type INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    created INTEGER NOT NULL, version INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
  CREATE TABLE compacted (revision INTEGER NOT NULL) STRICT;
  INSERT INTO compacted VALUES (1);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${layout};
`

/** Opens the file, or makes it (0600), and holds it: nobody else can open it until it is closed or the process ends. */
export function openDatabase(file: string): DatabaseSync {
  try {
    // SQLite would make it readable for all; its -wal file takes the mode of this one.
    closeSync(openSync(file, 'a', 0o600))
    const database = new DatabaseSync(file, { timeout: 0 })
    try {
      // Before the first access: then the lock covers WAL mode too, and there is no shared-memory file.
      database.exec('PRAGMA locking_mode = EXCLUSIVE')
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0')
      prepare(database, file)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    throw explained(file, 'open', error)
  }
}

/** An error of SQLite or of the file system, in words that name the file and what to do. */
export function explained(file: string, verb: string, error: unknown): Error {
  const { errcode, code, message } = error as { errcode?: number; code?: string; message: string }
  const known = reasons[(errcode ?? 0) & 0xff]
  const reason = known
    ? `${known} (${message})`
    : code === 'ENOENT'
      ? `its folder ${dirname(file)} does not exist`
      : message
  return new Error(`cannot ${verb} the store ${file}: ${reason}`)
}

const reasons: Readonly<Record<number, string>> = {
  5: 'another process has it open; stop that one first',
  6: 'another process has it open; stop that one first',
  8: 'the file or its file system is read-only',
  10: 'the disk reports an error',
  11: 'the file is damaged; restore it from a snapshot',
  13: 'the disk is full; make room on it',
  14: 'the file cannot be opened; check the permissions of it and its folder',
  26: 'this is no SQLite database; it was left untouched',
}

function prepare(database: DatabaseSync, file: string): void {
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  const empty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n === 0
  if (empty) {
    database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`)
    syncFolder(file)
  } else if (pragma('application_id') !== applicationId)
    throw new Error('it belongs to another program; it was left untouched')
  else if (pragma('user_version') !== layout)
    throw new Error(`its layout ${pragma('user_version')} is newer than this program knows (${layout})`)
  else {
    // Takes the lock now, not with the first write.
    database.exec('BEGIN IMMEDIATE; COMMIT')
  }
}

/** Whether a database is a store of ours, in the layout that this program knows. */
export function isStore(database: DatabaseSync): boolean {
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  return pragma('application_id') === applicationId && pragma('user_version') === layout
}

/** Makes a new file's entry in its folder durable. */
export function syncFolder(file: string): void {
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
