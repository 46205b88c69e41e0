/**
 * Nodes without machines: Node objects that are always Ready, on which pods run at once and end when deleted. They say
 * that they are simulated wherever they show.
 */
import { leases } from '../api/coordination/v1/lease.ts'
import { nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { type Clock, rfc3339, rfc3339Micro } from '../base/clock.ts'
import { kubernetesVersion } from '../base/version.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import { isPodTerminal } from '../machinery/pods.ts'
import { isConflict, isNotFound } from '../machinery/status-error.ts'

export interface SimulatedNodesOptions {
  readonly count: number
  readonly clock: Clock
  /** What each node has. */
  readonly capacity?: Readonly<Record<string, string>>
}

const label = 'kobune.io/simulated'
const usualCapacity = { cpu: '8', memory: '32Gi', 'ephemeral-storage': '100Gi', pods: '110' }
/** As kubelets renew their leases, milliseconds. */
const leasePeriod = 10_000

/** Makes the nodes `node-1` ... and plays their kubelets until stopped. */
export async function simulatedNodes(
  client: Client,
  options: SimulatedNodesOptions,
): Promise<{ stop(): Promise<void> }> {
  const { count, clock } = options
  const names = Array.from({ length: count }, (_, i) => `node-${i + 1}`)
  if (count === 0) return { stop: async () => {} }
  const simulated = new Set(names)
  await Promise.all(names.map(name => makeNode(client, name, options)))
  let next = 0
  const addresses = new Map<string, string>()
  const addressOf = (pod: Pod) => {
    let address = addresses.get(pod.metadata.uid)
    if (!address) {
      const n = ++next
      addresses.set(pod.metadata.uid, (address = `10.${244 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`))
    }
    return address
  }
  const under = new Set<Promise<void>>()
  const seen = (pod: Pod) => {
    if (!pod.spec.nodeName || !simulated.has(pod.spec.nodeName)) return
    const work = play(client, pod, { address: addressOf(pod), clock }).finally(() => under.delete(work))
    under.add(work)
  }
  const informer = new Informer(client, pods, { clock })
  informer.on({ added: seen, updated: seen, deleted: pod => addresses.delete(pod.metadata.uid) })
  informer.start()
  let cancel: () => void
  const renew = () => {
    cancel = clock.after(leasePeriod, renew)
    for (const name of names) void renewLease(client, name, clock).catch(() => {})
  }
  renew()
  return {
    async stop() {
      cancel()
      await informer.stop()
      await Promise.allSettled(under)
    },
  }
}

async function makeNode(client: Client, name: string, { clock, capacity = usualCapacity }: SimulatedNodesOptions) {
  const now = rfc3339(clock.now())
  await client.create(nodes, {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        [label]: 'true',
      },
      annotations: { [label]: 'no machine is behind this node; its pods do not really run' },
    },
  })
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: 'simulated',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  })
  await client.patch(
    nodes,
    { name },
    {
      status: {
        capacity,
        allocatable: capacity,
        conditions: [
          condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
          condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
          condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
          condition('Ready', 'True', 'KubeletReady'),
        ],
        addresses: [{ type: 'Hostname', address: name }],
        nodeInfo: {
          machineID: '',
          systemUUID: '',
          bootID: '',
          kernelVersion: 'simulated',
          osImage: 'simulated',
          containerRuntimeVersion: 'simulated://0',
          kubeletVersion: kubernetesVersion.gitVersion,
          kubeProxyVersion: '',
          operatingSystem: 'linux',
          architecture: 'amd64',
        },
      },
    },
    { subresource: 'status' },
  )
}

async function renewLease(client: Client, name: string, clock: Clock): Promise<void> {
  const key = { namespace: 'kube-node-lease', name }
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: rfc3339Micro(clock.now()) }
  try {
    await client.patch(leases, key, { spec })
  } catch (error) {
    if (!isNotFound(error)) throw error
    await client.create(leases, { metadata: key, spec })
  }
}

/** What a kubelet would do about the pod as it is now. */
async function play(client: Client, pod: Pod, { address, clock }: { address: string; clock: Clock }): Promise<void> {
  try {
    if (pod.metadata.deletionTimestamp) {
      await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } })
    } else if (pod.status.phase !== 'Running' && !isPodTerminal(pod)) {
      await client.patch(
        pods,
        pod.metadata,
        { status: runningStatus(pod, address, rfc3339(clock.now())) },
        { subresource: 'status' },
      )
    }
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

function runningStatus(pod: Pod, address: string, now: string) {
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now })
  return {
    phase: 'Running',
    startTime: now,
    hostIP: '127.0.0.1',
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
    containerStatuses: pod.spec.containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: `simulated://${image}`,
      containerID: `simulated://${pod.metadata.uid}/${name}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  }
}
