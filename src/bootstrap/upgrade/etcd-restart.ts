import type { Host } from '../../host/host.ts'
import { quorumOf } from '../etcd-quorum.ts'
import { memberOfNode, stackedEtcd } from '../nodes/etcd-members.ts'

/** Throws when etcd would lose its quorum while this machine's member is restarted. Of one or two members, it always does for a moment. */
export async function checkRestart(host: Pick<Host, 'files'>, nodeName: string): Promise<void> {
  const cluster = await stackedEtcd(host)
  if (!cluster) return
  try {
    const [members, statuses] = await Promise.all([cluster.members(), cluster.status()])
    const voters = members.filter(({ learner }) => !learner)
    if (voters.length < 3) return
    const own = memberOfNode(voters, nodeName)
    const up = new Set(statuses.flatMap(status => ('id' in status ? [status.id] : [])))
    const down = voters.filter(({ id }) => id !== own?.id && !up.has(id)).map(({ name, id }) => name || id)
    const needed = quorumOf(voters.length)
    if (voters.length - 1 - down.length >= needed) return
    throw new Error(
      `${down.join(', ')} ${down.length === 1 ? 'does' : 'do'} not answer: while the etcd of this machine is restarted, fewer than ${needed} of ${voters.length} members would be up. Bring them back first (kobune nodes list), or leave etcd as it is with --etcd-upgrade=false`,
    )
  } finally {
    cluster.close()
  }
}
