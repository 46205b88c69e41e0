import type { CurrentEntry } from '../copy.ts'
import { explained, openDatabase } from './database.ts'

/** All keys of a store that no process has open, or of a snapshot of one, and its revision. */
export function readCurrent(file: string): { readonly entries: readonly CurrentEntry[]; readonly revision: number } {
  const database = openDatabase(file)
  try {
    let { revision } = database.prepare('SELECT revision FROM compacted').get() as { revision: number }
    const current = new Map<string, CurrentEntry>()
    const rows = database.prepare('SELECT revision, type, key, value, expires FROM change ORDER BY revision')
    for (const row of rows.iterate()) {
      const key = row.key as string
      if (row.type === 1) current.set(key, { key, value: row.value as Uint8Array, expires: row.expires as number })
      else current.delete(key)
      revision = Math.max(revision, row.revision as number)
    }
    return { entries: [...current.values()], revision }
  } catch (error) {
    throw explained(file, 'read', error)
  } finally {
    database.close()
  }
}
