/**
 * This machine's etcd joins the others: as one that follows without a vote first, then, as soon as it has caught up, as
 * a full member. When that fails it is taken out again, so that nothing of it is left to block the next one.
 */
import { pods } from '../../api/core/v1/pod.ts'
import { parseDuration } from '../../base/duration.ts'
import { type EtcdCluster, type EtcdMember, etcdCluster } from '../../storage/etcd/cluster.ts'
import type { ControlPlaneJoin } from '../join.ts'
import { clientUrlsAnnotation, etcdClientUrl, etcdPeerUrl } from '../manifests/etcd.ts'
import type { ControlPlaneContext, NodeContext } from '../node-context.ts'
import { manifestFile, writeEtcd } from './manifests.ts'
import type { Phase } from './phase.ts'

export const etcdJoinPhase: Phase<ControlPlaneJoin> = {
  name: 'etcd-join',
  does: 'Join etcd',
  async run(context, note) {
    const { etcd } = await context.cluster()
    if (!etcd.local || context.dryRun) return
    const cluster = await etcdOf(context)
    try {
      await joinMembers(context, cluster, note)
    } finally {
      cluster.close()
    }
  },
}

/** Opens etcd by the members that the cluster runs, as a client that may change its membership. */
export async function etcdOf(
  context: Pick<NodeContext, 'host' | 'cluster' | 'admin' | 'endpoint'>,
): Promise<EtcdCluster> {
  const { certificatesDir } = await context.cluster()
  const pki = `${certificatesDir}/etcd`
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'healthcheck-client.crt', 'healthcheck-client.key'].map(name =>
      context.host.files.read(`${pki}/${name}`),
    ),
  )
  return etcdCluster({ endpoints: await etcdEndpoints(context), ca: ca!, cert: cert!, key: key! })
}

/** The addresses of the other members, as their pods say: one that has no vote yet answers nothing. Throws when there are none. */
export async function etcdEndpoints(context: Pick<NodeContext, 'admin' | 'endpoint'>): Promise<readonly string[]> {
  const client = await context.admin()
  const { items } = await client.list(pods, {
    namespace: 'kube-system',
    labelSelector: 'component=etcd,tier=control-plane',
  })
  const own = context.endpoint && etcdClientUrl(context.endpoint.advertiseAddress)
  const urls = items.flatMap(pod => pod.metadata.annotations?.[clientUrlsAnnotation] ?? []).filter(url => url !== own)
  if (urls.length === 0)
    throw new Error('the cluster runs no pods of etcd: kubectl -n kube-system get pods -l component=etcd')
  return urls
}

async function joinMembers(
  context: ControlPlaneJoin,
  cluster: EtcdCluster,
  note: (text: string) => void,
): Promise<void> {
  const { endpoint, node, say } = context
  const patience = parseDuration(context.timeouts.etcdAPICall) ?? 120_000
  const peerUrl = etcdPeerUrl(endpoint.advertiseAddress)
  note('asking to be taken in')
  const member = await cluster.addLearner(peerUrl, patience)
  try {
    const all = await cluster.members()
    const named = all.map(each => ({
      name: each.id === member.id ? node.name : each.name || each.id,
      peerUrl: each.peerUrls[0]!,
    }))
    await writeEtcd(context, named)
    note('catching up with the others')
    await cluster.promote(member.id, patience)
  } catch (error) {
    say(`[etcd] Taking member ${member.id} out again`)
    await takeOut(context, cluster, member).catch(cause => {
      throw new Error(
        `${(error as Error).message}; and the member could not be taken out again (${(cause as Error).message}). On another machine of the control plane: kobune nodes remove ${node.name}`,
        { cause: error },
      )
    })
    throw error
  }
}

/** Undoes a member that did not become a full one: out of the membership, its pod and its data gone. */
async function takeOut(context: ControlPlaneContext, cluster: EtcdCluster, member: EtcdMember): Promise<void> {
  await context.host.files.remove(manifestFile('etcd'))
  await cluster.remove(member.id)
  const { etcd } = await context.cluster()
  await context.host.files.remove(`${etcd.local!.dataDir}/member`)
}
