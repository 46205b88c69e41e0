/** `kobune nodes list`: every machine of the cluster, and how what runs on it is. */
import { connect } from 'node:tls'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import type { Client } from '../../client/client.ts'
import type { Host } from '../../host/host.ts'
import { getCondition } from '../../machinery/conditions.ts'
import type { EtcdMember } from '../../storage/etcd/cluster.ts'
import { hostPort } from '../node-context.ts'
import { healthOf } from '../phases/wait-control-plane.ts'
import { apiServers } from './api-servers.ts'
import { memberOfNode, stackedEtcd } from './etcd-members.ts'
import { addressesOf, rolesOf } from './node-facts.ts'

export interface NodeRow {
  readonly name: string
  readonly roles: readonly string[]
  /** `Ready`, `NotReady`, with `SchedulingDisabled` where it is cordoned; `NoNode` for a member of etcd without a Node. */
  readonly status: string
  readonly etcd?: { readonly role: 'leader' | 'voter' | 'learner'; readonly healthy: boolean }
  readonly apiServer?: { readonly healthy: boolean; readonly says: string }
  readonly version?: string
  /** When the first of the certificates that it serves ends. */
  readonly certificatesEnd?: string
}

interface Member extends EtcdMember {
  readonly role: 'leader' | 'voter' | 'learner'
  readonly healthy: boolean
}

/** Looks at all of them. What does not answer is told in its row. */
export async function listNodes(host: Host, client: Client): Promise<readonly NodeRow[]> {
  const [{ items }, servers, members] = await Promise.all([client.list(nodes), apiServers(client), etcdMembers(host)])
  const rows = await Promise.all(items.map(node => rowOf(node, servers, members)))
  const known = new Set(items.flatMap(node => memberOfNode(members, node.metadata.name!, addressesOf(node))?.id ?? []))
  const strays = members.filter(member => !known.has(member.id))
  return [
    ...rows,
    ...strays.map(({ id, name, role, healthy }) => ({
      name: name || id,
      roles: [],
      status: 'NoNode',
      etcd: { role, healthy },
    })),
  ]
}

async function rowOf(node: Node, servers: ReadonlyMap<string, string>, members: readonly Member[]): Promise<NodeRow> {
  const name = node.metadata.name!
  const [address] = addressesOf(node)
  const server = servers.get(name)
  const member = memberOfNode(members, name, addressesOf(node)) as Member | undefined
  const kubelet = address && hostPort(address, node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250)
  const etcd = member?.clientUrls[0] && new URL(member.clientUrls[0]).host
  const [says, ...ends] = await Promise.all([
    server && healthOf(`https://${server}/readyz`),
    ...[server, kubelet, etcd].map(at => (at ? certificateEnd(at) : undefined)),
  ])
  const first = ends.filter(end => end !== undefined).sort((a, b) => a - b)[0]
  return {
    name,
    roles: rolesOf(node),
    status: statusOf(node),
    ...(member && { etcd: { role: member.role, healthy: member.healthy } }),
    ...(server && { apiServer: { healthy: !says, says: says || 'ok' } }),
    ...(node.status.nodeInfo && { version: node.status.nodeInfo.kubeletVersion }),
    ...(first !== undefined && { certificatesEnd: new Date(first).toISOString().replace(/\.\d+Z$/, 'Z') }),
  }
}

function statusOf(node: Node): string {
  const ready = getCondition(node.status.conditions, 'Ready')?.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec.unschedulable ? `${ready},SchedulingDisabled` : ready
}

async function etcdMembers(host: Host): Promise<readonly Member[]> {
  const cluster = await stackedEtcd(host)
  if (!cluster) return []
  try {
    const [members, statuses] = await Promise.all([cluster.membersAsKnown(), cluster.status()])
    const up = statuses.flatMap(status => ('id' in status ? [status] : []))
    return members.map(member => {
      const own = up.find(status => status.id === member.id)
      const leads = up.some(status => status.leader === member.id)
      const role = member.learner ? 'learner' : leads ? 'leader' : 'voter'
      return { ...member, role, healthy: own !== undefined && own.leader !== '0' }
    })
  } finally {
    cluster.close()
  }
}

/** Milliseconds that a machine may take to show its certificate. */
const patience = 3_000

/** When the certificate shown at an address ends; undefined when none is. It is not trusted, only looked at. */
function certificateEnd(at: string): Promise<number | undefined> {
  const { hostname, port } = new URL(`https://${at}`)
  return new Promise(resolve => {
    const socket = connect(
      { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443), rejectUnauthorized: false },
      () => {
        const end = Date.parse(socket.getPeerCertificate().valid_to)
        socket.destroy()
        void resolve(Number.isNaN(end) ? undefined : end)
      },
    )
    socket.setTimeout(patience, () => socket.destroy())
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
  })
}
