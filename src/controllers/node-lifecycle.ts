/** Notices nodes that went silent, marks them, and taints them so that pods go elsewhere. */
import { leases } from '../api/coordination/v1/lease.ts'
import { type Node, nodes } from '../api/core/v1/node.ts'
import type { NodeCondition } from '../api/core/v1/node-status.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { rfc3339 } from '../base/clock.ts'
import { getCondition, setCondition } from '../machinery/conditions.ts'
import { isPodReady } from '../machinery/pods.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, indexOf, on, own, type ReconcileContext } from '../reconcile/controller.ts'

export interface NodeLifecycleOptions {
  /** A node is silent after this long without a new lease or status, milliseconds. Default 50 s (upstream since 1.32). */
  readonly gracePeriod?: number | undefined
  /** How often a node is looked at although nothing happened. Default 5 s. */
  readonly monitorPeriod?: number | undefined
}

export const byNode = 'byNode'

const prefix = 'node.kubernetes.io'
const notReady = `${prefix}/not-ready`
const unreachable = `${prefix}/unreachable`
const unschedulable = `${prefix}/unschedulable`

/** Conditions that keep new pods away: condition type, status, taint. */
const conditionTaints: readonly (readonly [string, string, string])[] = [
  ['Ready', 'False', notReady],
  ['Ready', 'Unknown', unreachable],
  ['MemoryPressure', 'True', `${prefix}/memory-pressure`],
  ['DiskPressure', 'True', `${prefix}/disk-pressure`],
  ['PIDPressure', 'True', `${prefix}/pid-pressure`],
  ['NetworkUnavailable', 'True', `${prefix}/network-unavailable`],
]
const ours = new Set([...conditionTaints.map(([, , key]) => key), unschedulable])

interface Heartbeat {
  readonly seen: string
  readonly at: number
}

export function nodeLifecycleController(options: NodeLifecycleOptions = {}): Controller {
  const { gracePeriod = 50_000, monitorPeriod = 5_000 } = options
  const heartbeats = new Map<string, Heartbeat>()
  return controller({
    name: 'node-lifecycle-controller',
    watches: [
      own(nodes),
      on(leases, lease => (lease.metadata.namespace === 'kube-node-lease' ? [lease.metadata.name] : [])),
    ],
    reads: [pods],
    indexes: [indexOf(pods, byNode, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []))],
    reconcile: (key, context) => reconcile(key, context, { heartbeats, gracePeriod, monitorPeriod }),
  })
}

interface Watching {
  readonly heartbeats: Map<string, Heartbeat>
  readonly gracePeriod: number
  readonly monitorPeriod: number
}

async function reconcile(key: string, context: ReconcileContext, watching: Watching) {
  const { heartbeats, gracePeriod, monitorPeriod } = watching
  const node = context.informers.of(nodes).get(key)
  if (!node) {
    heartbeats.delete(key)
    return undefined
  }
  const silent = silence(node, context, heartbeats)
  const current = silent >= gracePeriod ? await markUnknown(context, node) : node
  await taint(context, current)
  const ready = getCondition(current.status.conditions, 'Ready')
  if (ready && ready.status !== 'True') await markPodsNotReady(context, key)
  return { after: monitorPeriod }
}

/** Milliseconds, by this machine's own clock, since the node's lease or status last changed. */
function silence(node: Node, { informers, clock }: ReconcileContext, heartbeats: Map<string, Heartbeat>): number {
  const { name } = node.metadata
  const lease = informers.of(leases).get(`kube-node-lease/${name}`)
  const seen = `${lease?.spec.renewTime} ${getCondition(node.status.conditions, 'Ready')?.lastHeartbeatTime}`
  const before = heartbeats.get(name)
  if (before?.seen === seen) return clock.now() - before.at
  heartbeats.set(name, { seen, at: clock.now() })
  return 0
}

const watched = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

async function markUnknown({ client, clock, recorder, log }: ReconcileContext, node: Node): Promise<Node> {
  const before = node.status.conditions
  if (watched.every(type => getCondition(before, type)?.status === 'Unknown')) return node
  const now = rfc3339(clock.now())
  const silentNow: readonly NodeCondition[] = watched.map(type => {
    const known = getCondition(before, type)
    return {
      type,
      status: 'Unknown',
      reason: known ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
      message: known ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      lastHeartbeatTime: known?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
    }
  })
  const conditions = silentNow.reduce(
    (all: readonly NodeCondition[] | undefined, c) => setCondition(all, c, now),
    before,
  )
  log.warn({ node: node.metadata.name }, 'node stopped posting its status')
  recorder.event(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`)
  return client.patch(nodes, node.metadata, { status: { conditions } }, { subresource: 'status' })
}

/** NoSchedule for every bad condition and for cordoned nodes; NoExecute as well when the node is not ready. */
async function taint({ client, clock }: ReconcileContext, node: Node): Promise<void> {
  const bad = conditionTaints.filter(([type, status]) => getCondition(node.status.conditions, type)?.status === status)
  const wanted = [
    ...bad.map(([, , key]) => ({ key, effect: 'NoSchedule' })),
    ...(node.spec.unschedulable ? [{ key: unschedulable, effect: 'NoSchedule' }] : []),
    ...bad.filter(([type]) => type === 'Ready').map(([, , key]) => ({ key, effect: 'NoExecute' })),
  ]
  const has = node.spec.taints ?? []
  const isOurs = (t: { key: string; effect: string }) => ours.has(t.key)
  const id = (t: { key: string; effect: string }) => `${t.key}:${t.effect}`
  const before = new Map(has.filter(isOurs).map(t => [id(t), t]))
  if (before.size === wanted.length && wanted.every(t => before.has(id(t)))) return
  const timeAdded = rfc3339(clock.now())
  const taints = [...has.filter(t => !isOurs(t)), ...wanted.map(t => before.get(id(t)) ?? { ...t, timeAdded })]
  const { resourceVersion } = node.metadata
  await client.patch(nodes, node.metadata, {
    metadata: { resourceVersion },
    spec: { taints: taints.length ? taints : null },
  })
}

/** Pods of a silent node must not get traffic, though nobody there can say so. */
async function markPodsNotReady({ client, clock, informers }: ReconcileContext, node: string): Promise<void> {
  const stale = informers
    .of(pods)
    .byIndex(byNode, node)
    .filter((pod: Pod) => isPodReady(pod))
  const now = rfc3339(clock.now())
  await Promise.all(
    stale.map(async pod => {
      const ready = getCondition(pod.status.conditions, 'Ready')!
      const conditions = setCondition(pod.status.conditions, { ...ready, status: 'False' }, now)
      await client.patch(pods, pod.metadata, { status: { conditions } }, { subresource: 'status' }).catch(error => {
        if (!isNotFound(error)) throw error
      })
    }),
  )
}
