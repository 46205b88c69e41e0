/** How the member of etcd of this machine is: its health, its alarms, and the room on its disk. */
import { statfs } from 'node:fs/promises'
import type { Host } from '../host/host.ts'
import { type EtcdMemberStatus, etcdCluster } from '../storage/etcd/cluster.ts'
import { etcdAccess } from './etcd-access.ts'
import { argumentOf } from './manifests/arguments.ts'
import { writtenCommand } from './manifests/written.ts'

export interface EtcdStatus {
  readonly healthy: boolean
  readonly says: string
  readonly hint?: string
}

/** What is known of the disk that etcd writes to, in bytes. */
interface Disk {
  readonly folder: string
  readonly free: number
}

/** A file of its log is as large, and is laid out as a whole. */
const leastFree = 64 << 20

/** How this machine's member is; undefined where there is none. */
export async function ownEtcd(host: Pick<Host, 'files'>): Promise<(() => Promise<EtcdStatus>) | undefined> {
  const command = await writtenCommand(host, 'etcd')
  return command && (() => ownStatus(host, argumentOf(command, 'data-dir') ?? '/var/lib/etcd'))
}

async function ownStatus(host: Pick<Host, 'files'>, folder: string): Promise<EtcdStatus> {
  const access = (await etcdAccess(host))!
  const { bavail, bsize } = await statfs(folder)
  const cluster = etcdCluster(access)
  try {
    const [status] = await cluster.status()
    return etcdStatus(status!, { folder, free: bavail * bsize })
  } finally {
    cluster.close()
  }
}

/** In words, with what to do. */
export function etcdStatus(status: EtcdMemberStatus | { readonly error: string }, { folder, free }: Disk): EtcdStatus {
  const room = `${megabytes(free)} are free in ${folder}`
  const roomHint = `make room on the disk of ${folder}: df ${folder}; etcd goes on by itself, within five minutes`
  if ('error' in status)
    return free < leastFree
      ? { healthy: false, says: `does not run: its disk is full (${room})`, hint: roomHint }
      : { healthy: false, says: `does not answer: ${status.error}`, hint: 'kobune logs etcd' }
  if (status.errors.some(error => error.includes('NOSPACE')))
    return {
      healthy: false,
      says: `takes no writes: its quota is used up (${megabytes(status.bytes)}, alarm NOSPACE)`,
      hint: 'see "The quota of etcd" in docs/high-availability.md',
    }
  if (status.errors.length > 0 || status.leader === '0')
    return { healthy: false, says: status.errors.join('; ') || 'knows no leader', hint: 'kobune nodes list' }
  if (free < leastFree) return { healthy: false, says: `its disk is almost full: ${room}`, hint: roomHint }
  return { healthy: true, says: `is healthy: ${megabytes(status.bytes)}, ${room}` }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
