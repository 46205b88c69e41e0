/**
 * This machine's etcd joins the others: as one that follows without a vote first, then, as soon as it has caught up, as
 * a full member. When that fails it is taken out again, so that nothing of it is left to block the next one.
 */
import { pods } from '../../api/core/v1/pod.ts'
import { parseDuration } from '../../base/duration.ts'
import { type EtcdCluster, type EtcdMember, etcdCluster } from '../../storage/etcd/cluster.ts'
import { reachable } from '../../storage/etcd/reachable.ts'
import { hostOf } from '../endpoint/apply.ts'
import type { ControlPlaneJoin } from '../join.ts'
import { clientUrlsAnnotation, etcdClientUrl, etcdPeerUrl } from '../manifests/etcd.ts'
import type { ControlPlaneContext, NodeContext } from '../node-context.ts'
import { serversWithoutPods } from '../nodes/api-servers.ts'
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
  const all = await etcdEndpoints(context)
  const endpoints = await reachable(all)
  return etcdCluster({ endpoints: endpoints.length ? endpoints : all, ca: ca!, cert: cert!, key: key! })
}

/**
 * The addresses of the other members, as their pods say (one that has no vote yet answers nothing); those without pods are
 * beside API servers without pods. Throws when there are none.
 */
export async function etcdEndpoints(context: Pick<NodeContext, 'admin' | 'endpoint'>): Promise<readonly string[]> {
  const client = await context.admin()
  const { items } = await client.list(pods, {
    namespace: 'kube-system',
    labelSelector: 'component=etcd,tier=control-plane',
  })
  const own = context.endpoint && etcdClientUrl(context.endpoint.advertiseAddress)
  const inPods = items.flatMap(pod => pod.metadata.annotations?.[clientUrlsAnnotation] ?? [])
  const servers = [...(await serversWithoutPods(client)).values()]
  const others = servers.map(at => etcdClientUrl(hostOf(at)))
  const urls = [...inPods, ...others].filter(url => url !== own)
  if (urls.length === 0)
    throw new Error('the cluster tells of no member of etcd: kubectl -n kube-system get pods -l component=etcd')
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
  await checkStale(context, cluster, peerUrl)
  const member = await cluster.addLearner(peerUrl, patience).catch(async error => {
    throw await whyNot(cluster, error as Error)
  })
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

/** A member with a vote whose data is lost must not begin anew under its old name: it has promised what it does not know. */
async function checkStale(
  { host, node, cluster: of }: ControlPlaneJoin,
  cluster: EtcdCluster,
  peerUrl: string,
): Promise<void> {
  const { etcd } = await of()
  if ((await host.files.list(`${etcd.local!.dataDir}/member`)).length) return
  const stale = (await cluster.members()).find(
    member => !member.learner && (member.peerUrls.includes(peerUrl) || member.name === node.name),
  )
  if (!stale) return
  throw new Error(
    `etcd still counts on the member ${stale.name || stale.id} at ${stale.peerUrls.join(', ')}, which this machine was before; on another machine of the control plane: kobune nodes remove ${stale.name || stale.id} --force. Then give this command again`,
  )
}

/** Why etcd takes nobody in: members that are down, and machines that began to join and never came. */
async function whyNot(cluster: EtcdCluster, error: Error): Promise<Error> {
  try {
    const [members, statuses] = await Promise.all([cluster.members(), cluster.status()])
    const up = new Set(statuses.flatMap(status => ('id' in status ? [status.id] : [])))
    const down = members.filter(({ id }) => !up.has(id)).map(({ name, id }) => name || id)
    if (down.length === 0) return error
    return new Error(
      `${error.message}: etcd takes nobody in while ${down.join(', ')} ${down.length === 1 ? 'does' : 'do'} not answer. Machines that are gone for good are taken out on another machine of the control plane: ${down.map(name => `kobune nodes remove ${name} --force`).join('; ')}`,
      { cause: error },
    )
  } catch {
    return error
  }
}

/** Undoes a member that did not become a full one: out of the membership, its pod and its data gone. */
async function takeOut(context: ControlPlaneContext, cluster: EtcdCluster, member: EtcdMember): Promise<void> {
  await context.host.files.remove(manifestFile('etcd'))
  await cluster.remove(member.id)
  const { etcd } = await context.cluster()
  await context.host.files.remove(`${etcd.local!.dataDir}/member`)
}
