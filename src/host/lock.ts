/** A lock of the kernel on a file: of two processes one gets it, and it ends with its process, however that ends. */
import { closeSync, openSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { HostError } from './host-error.ts'

/** Gives the lock back; the file goes with it. */
export type Unlock = () => void

/** Kept from the garbage collector, which would give the locks back. */
const held = new Set<DatabaseSync>()

/** SQLite's code for a file that another process has locked. */
const busy = 5

/**
 * Takes the lock at a path whose folder is there; undefined when another process has it. Node has no call for locks, but SQLite takes the
 * kernel's: an empty file is an empty database to it, and stays empty.
 */
export function takeLock(path: string): Unlock | undefined {
  for (;;) {
    let database: DatabaseSync | undefined
    try {
      closeSync(openSync(path, 'a', 0o600))
      const before = fileAt(path)
      database = new DatabaseSync(path, { timeout: 0 })
      database.exec('BEGIN EXCLUSIVE')
      const taken = database
      // Who had it before may have removed the file in the meantime: then this lock is on a file that nobody else finds.
      if (before !== undefined && fileAt(path) === before) {
        held.add(taken)
        return () => {
          if (!held.delete(taken)) return
          rmSync(path, { force: true })
          taken.close()
        }
      }
    } catch (error) {
      database?.close()
      if ((error as { readonly errcode?: number }).errcode === busy) return undefined
      throw new HostError({ verb: 'lock', target: path, code: 'unknown', cause: error })
    }
    database.close()
  }
}

function fileAt(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false })
  return facts && `${facts.dev}:${facts.ino}`
}
