/** `kobune nodes remove`: a machine leaves the cluster for good, whether it still answers or not. */
import { certificateSigningRequests } from '../../api/certificates/v1/certificate-signing-request.ts'
import { leases } from '../../api/coordination/v1/lease.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import type { Client } from '../../client/client.ts'
import type { Host } from '../../host/host.ts'
import { getCondition } from '../../machinery/conditions.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { EtcdCluster, EtcdMember } from '../../storage/etcd/cluster.ts'
import { reachable } from '../../storage/etcd/reachable.ts'
import { etcdAccess } from '../etcd-access.ts'
import { checkRemoval, hasQuorum } from '../etcd-quorum.ts'
import { readJournal } from '../journal.ts'
import { hostPort } from '../node-context.ts'
import type { Phase } from '../phases/phase.ts'
import { checkDrain, drain, forgetPods } from './drain.ts'
import { memberOfNode, stackedEtcd } from './etcd-members.ts'
import { addressesOf, rolesOf } from './node-facts.ts'

export interface RemoveNode {
  readonly host: Host
  readonly client: Client
  readonly name: string
  /** For a machine that is off, and for pods that nobody makes again. */
  readonly force: boolean
  readonly grace?: number
  /** Fine when the cluster knows nothing of it any more. */
  readonly mayBeGone?: boolean
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** Undefined: there is no Node of that name. */
  node?: Node
  /** Whether its kubelet reports. */
  alive?: boolean
  etcd?: EtcdCluster
  member?: EtcdMember
}

const preflightPhase: Phase<RemoveNode> = {
  name: 'preflight',
  does: 'Make sure that the cluster goes on without it',
  async run(context, note) {
    const { host, client, name, force, mayBeGone } = context
    const own = (await readJournal(host))?.nodeName ?? host.addresses.hostname().toLowerCase()
    if (own === name) throw new Error(`${name} is this machine; it leaves by itself with: kobune reset`)
    note('asking the members of etcd')
    const etcd = await stackedEtcd(host)
    if (etcd) context.etcd = etcd
    const access = etcd && (await etcdAccess(host))
    if (access && !(await hasQuorum(access, access.endpoints)))
      throw new Error(
        'etcd has no quorum: too many of its members do not answer. Start their machines again; when they are lost for good, a snapshot brings the cluster back: kobune snapshot restore FILE',
      )
    const members = await etcd?.members()
    const node = await orMissing(client.get(nodes, { name }))
    if (node) context.node = node
    context.alive = node !== undefined && (await answers(node))
    const member = members && memberOfNode(members, name, node && addressesOf(node))
    if (member) context.member = member
    if (!node && !member && !mayBeGone) throw new Error(`the cluster has no node ${name}: kobune nodes list`)
    if (!etcd && node && rolesOf(node).includes('control-plane'))
      context.say(`[nodes] This machine has no member of etcd: whether ${name} has one is not known here`)
    if (member && etcd) await checkRemoval(etcd, member)
    if (node && !context.alive && !force)
      throw new Error(
        `${name} does not answer: its pods cannot be ended in order. When the machine is off for good, --force forgets them`,
      )
    if (context.alive) await checkDrain(context)
  },
}

/** Its kubelet says that it is well, and is there: the cluster takes a while to notice that a machine is off. */
async function answers(node: Node): Promise<boolean> {
  if (getCondition(node.status.conditions, 'Ready')?.status !== 'True') return false
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250
  const at = addressesOf(node).map(address => `https://${hostPort(address, port)}`)
  return at.length === 0 || (await reachable(at)).length > 0
}

const drainPhase: Phase<RemoveNode> = {
  name: 'drain',
  does: 'Take the pods off the node',
  when: ({ alive }) => alive === true,
  run: async (context, note) => drain({ ...context, note }),
}

const etcdPhase: Phase<RemoveNode> = {
  name: 'etcd',
  does: 'Take its member out of etcd',
  when: ({ member }) => member !== undefined,
  async run({ etcd, member }) {
    // The drain may have taken long: what was true before it need not be so any more.
    await checkRemoval(etcd!, member!)
    await etcd!.remove(member!.id)
  },
}

const objectsPhase: Phase<RemoveNode> = {
  name: 'objects',
  does: 'Remove the Node and what belongs to it',
  async run({ client, name, node, alive }) {
    if (node) await orMissing(client.delete(nodes, { name }))
    if (!alive) await forgetPods(client, name)
    await orMissing(client.delete(leases, { name, namespace: 'kube-node-lease' }))
    const { items } = await client.list(certificateSigningRequests)
    const own = items.filter(({ spec }) => spec.username === `system:node:${name}`)
    await Promise.all(
      own.map(({ metadata }) => orMissing(client.delete(certificateSigningRequests, { name: metadata.name! }))),
    )
  },
}

const tellPhase: Phase<RemoveNode> = {
  name: 'finish',
  does: 'Tell how it went',
  async run({ say, name, alive, member }) {
    say(`${name} is no part of the cluster any more${member ? '; etcd goes on without its member' : ''}.`)
    if (alive) say(`What is left on the machine is removed there with: kobune reset --force`)
    else say('Should the machine ever come back: kobune reset --force on it, before anything else.')
  },
}

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch(error => {
    if (isNotFound(error)) return undefined
    throw error
  })
}

/** The whole of it. */
export const removeNodePhases: readonly Phase<RemoveNode>[] = [
  preflightPhase,
  drainPhase,
  etcdPhase,
  objectsPhase,
  tellPhase,
]
