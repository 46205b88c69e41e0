/** etcd of a stacked control plane, opened by all of its members. */
import type { Host } from '../../host/host.ts'
import { type EtcdCluster, type EtcdMember, etcdCluster } from '../../storage/etcd/cluster.ts'
import { reachable } from '../../storage/etcd/reachable.ts'
import { etcdAccess } from '../etcd-access.ts'

/** By its members that can be reached; undefined where there is no stacked etcd here. Whoever asks closes it. */
export async function stackedEtcd(host: Pick<Host, 'files'>): Promise<EtcdCluster | undefined> {
  const access = await etcdAccess(host)
  if (access?.kind !== 'stacked') return undefined
  const own = etcdCluster(access)
  try {
    const members = await own.membersAsKnown()
    const all = await reachable(members.flatMap(({ clientUrls }) => clientUrls.slice(0, 1)))
    return etcdCluster({ ...access, endpoints: all.length ? all : access.endpoints })
  } catch (cause) {
    throw new Error(`the etcd of this machine does not answer: ${(cause as Error).message}`, { cause })
  } finally {
    own.close()
  }
}

/** The member of a machine: by its name or number, or, while it has never started, by its address. */
export function memberOfNode(
  members: readonly EtcdMember[],
  name: string,
  addresses: readonly string[] = [],
): EtcdMember | undefined {
  const at = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, '')
  return (
    members.find(member => member.name === name || member.id === name) ??
    members.find(member => member.name === '' && member.peerUrls.some(url => addresses.includes(at(url))))
  )
}
