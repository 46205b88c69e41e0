/** No command may take from etcd what it needs to go on: a majority of its members. */
import { delay } from '../base/clock.ts'
import type { EtcdCluster, EtcdMember } from '../storage/etcd/cluster.ts'
import { etcdStorage } from '../storage/etcd/etcd.ts'
import { reachable } from '../storage/etcd/reachable.ts'
import type { EtcdCredentials } from './etcd-access.ts'

/** The least number of members that must be up for writes to go on. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** Throws when the members that stay could not go on without `leaving`. */
export async function checkRemoval(cluster: EtcdCluster, leaving: EtcdMember): Promise<void> {
  const members = await cluster.members()
  if (leaving.learner) return
  const staying = members.filter(member => !member.learner && member.id !== leaving.id)
  const up = new Set((await cluster.status()).flatMap(status => ('id' in status ? [status.id] : [])))
  const healthy = staying.filter(member => up.has(member.id))
  const needed = quorumOf(staying.length)
  if (healthy.length >= needed) return
  const down = staying.filter(member => !up.has(member.id)).map(member => member.name || member.id)
  throw new Error(
    `without ${leaving.name || leaving.id}, etcd would have ${staying.length} members, of which ${needed} must be up, and only ${healthy.length} are (${down.join(', ')} ${down.length === 1 ? 'does' : 'do'} not answer): it would lose its quorum. Bring them back first, or take them out with: kobune nodes remove NAME`,
  )
}

/** Milliseconds within which a quorum answers. */
const patience = 5_000

/** Whether members answer as a quorum: they are asked for what only one can tell. What each thinks of itself may be old. */
export async function hasQuorum(credentials: EtcdCredentials, endpoints: readonly string[]): Promise<boolean> {
  const up = await reachable(endpoints)
  if (up.length === 0) return false
  const { ca, cert, key } = credentials
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  const asked = etcdStorage({ ...tls, endpoints: up, patience }).then(
    async store => {
      await store.close()
      return true
    },
    () => false,
  )
  // Without a quorum there is no answer at all.
  return Promise.race([asked, delay(patience).then(() => false)])
}
