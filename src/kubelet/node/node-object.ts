/** The Node object of this machine: made at the start, its status kept, its lease renewed. */
import { leases } from '../../api/coordination/v1/lease.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import type { NodeStatus } from '../../api/core/v1/node-status.ts'
import { type Clock, delay, rfc3339Micro } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import { architecture } from './machine.ts'

export interface NodeObjectOptions {
  readonly client: Client
  readonly clock: Clock
  readonly nodeName: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly providerId: string | undefined
  readonly register: boolean
  /** Milliseconds: how often the status is looked at, and written even if nothing changed. */
  readonly statusEvery: number
  readonly statusAtLeast: number
  readonly leaseSeconds: number
  /** The status as it is now, given the one the API server has. */
  readonly status: (before: NodeStatus) => Promise<NodeStatus>
}

export interface NodeObject {
  /** The Node exists and its first status is written. */
  readonly registered: Promise<void>
  /** Writes the status now if it differs. */
  update(): void
  stop(): Promise<void>
}

const retryEvery = 1_000
const leaseNamespace = 'kube-node-lease'
const log = logger('kubelet')

/** The labels every node has. */
export function nodeLabels(nodeName: string): Readonly<Record<string, string>> {
  const arch = architecture()
  return {
    'beta.kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': arch,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
  }
}

export function keepNode(options: NodeObjectOptions): NodeObject {
  const { client, clock, nodeName, statusEvery, statusAtLeast } = options
  const stop = new AbortController()
  const registered = Promise.withResolvers<void>()
  registered.promise.catch(() => {})
  let node: Node | undefined
  let writtenAt = 0
  let wake: (() => void) | undefined
  let asked = false
  /** Of the Node, as long as it is there; it was there once since this kubelet began when `known`. */
  let uid: string | undefined
  let known = false

  async function writeStatus(): Promise<void> {
    const before = node ?? (await client.get(nodes, { name: nodeName }))
    const status = await options.status(before.status)
    const due = clock.now() - writtenAt >= statusAtLeast
    if (!due && essence(before.status) === essence(status)) return
    const patch = { status: { ...status, addresses: [...(status.addresses ?? []), { $patch: 'replace' }] } }
    node = await client.patch(nodes, { name: nodeName }, patch, { type: 'strategic', subresource: 'status' })
    writtenAt = clock.now()
  }

  async function keepStatus(): Promise<void> {
    while (!stop.signal.aborted) {
      asked = false
      let wait = statusEvery
      try {
        // Who deletes the Node of a kubelet that runs takes it out of the cluster: it comes back when it is started again.
        if (!node) node = await register({ ...options, register: options.register && !known })
        await writeStatus()
        uid = node?.metadata.uid
        known = true
        registered.resolve()
      } catch (error) {
        node = undefined
        if (known && isNotFound(error)) {
          uid = undefined
          log.warn({ node: nodeName }, 'the Node was deleted; it is made again only when the kubelet is started again')
        } else wait = retryEvery
        log.warn({ node: nodeName, error: String(error) }, 'cannot write the status of the node; trying again')
      }
      if (asked) continue
      const sleep = new AbortController()
      wake = () => sleep.abort()
      await delay(wait, AbortSignal.any([stop.signal, sleep.signal]), clock).catch(() => {})
      // Others change it too (taints, addresses); a fresh copy now and then costs little.
      if (clock.now() - writtenAt >= statusAtLeast) node = undefined
    }
  }

  async function keepLease(): Promise<void> {
    await registered.promise
    while (!stop.signal.aborted) {
      let wait = options.leaseSeconds * 250
      try {
        // Without a Node there is nothing to be alive.
        if (uid) await renewLease(options, uid)
      } catch (error) {
        wait = retryEvery
        log.warn({ node: nodeName, error: String(error) }, 'cannot renew the lease of the node; trying again')
      }
      await delay(wait, stop.signal, clock).catch(() => {})
    }
  }

  const running = [keepStatus(), keepLease().catch(() => {})]
  return {
    registered: registered.promise,
    update: () => {
      asked = true
      wake?.()
    },
    stop: async () => {
      stop.abort()
      registered.reject(new Error('the kubelet was stopped before its node was registered'))
      await Promise.all(running)
    },
  }
}

async function register(options: NodeObjectOptions): Promise<Node> {
  const { client, nodeName, taints, providerId } = options
  const labels = { ...nodeLabels(nodeName), ...options.labels }
  try {
    const existing = await client.get(nodes, { name: nodeName })
    const differing = Object.entries(labels).filter(([key, value]) => existing.metadata.labels?.[key] !== value)
    if (differing.length === 0) return existing
    return await client.patch(nodes, { name: nodeName }, { metadata: { labels: Object.fromEntries(differing) } })
  } catch (error) {
    if (!isNotFound(error) || !options.register) throw error
  }
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
  const object = {
    metadata: { name: nodeName, labels, annotations },
    spec: { ...(taints.length && { taints }), ...(providerId && { providerID: providerId }) },
  }
  try {
    return await client.create(nodes, object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return client.get(nodes, { name: nodeName })
  }
}

async function renewLease({ client, clock, nodeName, leaseSeconds }: NodeObjectOptions, uid: string): Promise<void> {
  const renewTime = rfc3339Micro(clock.now())
  const spec = { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime }
  const key = { name: nodeName, namespace: leaseNamespace }
  try {
    await client.patch(leases, key, { spec })
  } catch (error) {
    if (!isNotFound(error)) throw error
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }]
    await client.create(leases, { metadata: { ...key, ownerReferences }, spec })
  }
}

/** A status without the times of heartbeats, to compare. */
function essence(status: NodeStatus): string {
  const conditions = status.conditions
    ?.map(({ type, status: is, reason, message }) => [type, is, reason, message].join(' '))
    .sort()
  const { addresses, capacity, allocatable, nodeInfo, images, daemonEndpoints } = status
  return JSON.stringify([
    conditions,
    addresses,
    sorted(capacity),
    sorted(allocatable),
    sorted(nodeInfo),
    images,
    daemonEndpoints,
  ])
}

function sorted(object: object | undefined): unknown {
  return Object.entries(object ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}
