// The thread that owns the database file. It answers each request with one message, in order.
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { explained, openDatabase } from './database.ts'
import type { Answer, Request } from './messages.ts'
import { pack, unpack } from './packing.ts'
import { copyDatabase } from './snapshot.ts'

/** Rows go to the main thread in pieces of about this size. */
const piece = 256 * 1024
/** The log is folded into the database when it has grown to this, after the commit has been acknowledged. */
const checkpointBytes = 8 * 2 ** 20

const port = parentPort as MessagePort
const file = (workerData as { file: string }).file

function serve(database: DatabaseSync): void {
  const insert = database.prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM change WHERE revision = ?')
  const compacted = database.prepare('UPDATE compacted SET revision = ?')
  let logged = 0
  const commit = ({ changes, forget }: Extract<Request, { do: 'commit' }>) => {
    database.exec('BEGIN IMMEDIATE')
    try {
      for (const { type, kv, expires } of unpack(changes)) {
        insert.run(
          kv.modRevision,
          type === 'put' ? 1 : 0,
          kv.key,
          kv.value,
          kv.createRevision,
          kv.version,
          Math.ceil(expires),
        )
      }
      for (const revision of forget?.revisions ?? []) remove.run(revision)
      if (forget) compacted.run(forget.compactRevision)
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
    logged += changes.byteLength + (forget?.revisions.length ?? 0) * 4096
  }
  const checkpoint = () => {
    if (logged < checkpointBytes) return
    logged = 0
    try {
      database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch {
      // The log keeps everything; the next one tries again, and commits tell when the disk is full.
    }
  }
  port.on('message', (request: Request) => {
    try {
      if (request.do === 'commit') commit(request)
      else if (request.do === 'snapshot') copyDatabase(database, request.file)
      else if (request.do === 'close') database.close()
      answer({ is: 'done', ...(request.do === 'bytes' && { bytes: bytesOnDisk() }) })
      if (request.do === 'commit') checkpoint()
      if (request.do === 'close') port.close()
    } catch (error) {
      const plain = request.do === 'snapshot' ? (error as Error) : explained(file, 'write to', error)
      answer({ is: 'failed', message: plain.message })
    }
  })
}

function load(database: DatabaseSync): void {
  const { revision } = database.prepare('SELECT revision FROM compacted').get() as { revision: number }
  const rows = database.prepare(
    'SELECT revision, type, key, value, created, version, expires FROM change ORDER BY revision',
  )
  let batch: Parameters<typeof pack>[0][number][] = []
  let size = 0
  const send = () => {
    const changes = pack(batch)
    port.postMessage({ is: 'rows', changes } satisfies Answer, [changes])
    batch = []
    size = 0
  }
  for (const row of rows.iterate()) {
    const value = row.value as Uint8Array
    batch.push({
      type: row.type === 1 ? 'put' : 'delete',
      kv: {
        key: row.key as string,
        value,
        createRevision: row.created as number,
        modRevision: row.revision as number,
        version: row.version as number,
      },
      expires: row.expires as number,
    })
    size += value.byteLength + 100
    if (size > piece) send()
  }
  if (batch.length > 0) send()
  answer({ is: 'open', compactRevision: revision })
}

function bytesOnDisk(): number {
  return [file, `${file}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
}

function answer(message: Answer): void {
  port.postMessage(message)
}

try {
  const database = openDatabase(file)
  try {
    load(database)
  } catch (error) {
    database.close()
    throw explained(file, 'read', error)
  }
  serve(database)
} catch (error) {
  answer({ is: 'failed', message: (error as Error).message })
}
