import { open } from 'node:fs/promises'
import { etcdSnapshotStatus, verifyEtcdSnapshot } from '../../storage/etcd/snapshot/snapshot-file.ts'
import type { SnapshotStatus } from '../../storage/snapshot-status.ts'
import { sqliteSnapshotStatus } from '../../storage/sqlite/snapshot-file.ts'

/** Verifies a snapshot of either store and tells what is in it. Throws when it is damaged or none. */
export async function snapshotStatus(file: string): Promise<SnapshotStatus> {
  const handle = await open(file, 'r').catch(cause => {
    throw new Error(`${file} cannot be read: ${(cause as Error).message}`, { cause })
  })
  let head: string
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
    head = buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
  if (head.startsWith('SQLite format 3')) return sqliteSnapshotStatus(file)
  await verifyEtcdSnapshot(file)
  return etcdSnapshotStatus(file)
}
