/** Leases through the cluster's own API: a Node's pod network, and annotations of it that tell the way there. */
import { type Node, nodes } from '../api/core/v1/node.ts'
import { containsAddress, formatCidr, parseCidr } from '../base/cidr.ts'
import { type Clock, rfc3339, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import type { Describe, Lease, LeaseAttributes, LeaseSource, OwnLease } from './lease.ts'
import { baseOf, type OverlayConfig, OverlayConfigError } from './net-conf.ts'

export interface NodeLeasesOptions {
  readonly client: Client
  readonly nodeName: string
  readonly config: OverlayConfig
  /** Default: flannel's. */
  readonly annotationPrefix?: string
  /** Tell by the Node's conditions that its network works. Default true. */
  readonly setCondition?: boolean
  readonly clock?: Clock
}

const log = logger('network')

/** The names of the annotations under a prefix. */
function annotationNames(prefix: string) {
  const at = (name: string) => `${prefix}/${name}`
  return {
    managed: at('kube-subnet-manager'),
    type: at('backend-type'),
    data: at('backend-data'),
    publicIp: at('public-ip'),
    overwrite: at('public-ip-overwrite'),
  }
}

/** Follows all Nodes; the client may read and watch them, and patch the status of its own. */
export function nodeLeases(options: NodeLeasesOptions): LeaseSource & { stop(): Promise<void> } {
  const { client, nodeName, config, clock = systemClock } = options
  const names = annotationNames(options.annotationPrefix ?? 'flannel.alpha.coreos.com')
  const informer = new Informer(client, nodes)

  const attributesOf = (node: Node): LeaseAttributes | undefined => {
    const {
      [names.type]: backendType,
      [names.publicIp]: publicIp,
      [names.data]: data,
    } = node.metadata.annotations ?? {}
    if (!backendType || !publicIp) return undefined
    return { backendType, publicIp, backendData: parsed(data) }
  }
  const leaseOf = (node: Node): Lease | undefined => {
    if (node.metadata.annotations?.[names.managed] !== 'true') return undefined
    const subnet = piecesOf(node).find(piece => piece.family === 4)
    const attributes = attributesOf(node)
    return subnet && attributes && { ...attributes, subnet }
  }
  /** What the Node must say; undefined when it does. */
  const missing = (node: Node, told: LeaseAttributes): Record<string, string> | undefined => {
    const had = node.metadata.annotations ?? {}
    const wanted = {
      [names.managed]: 'true',
      [names.type]: told.backendType,
      [names.data]: JSON.stringify(told.backendData),
      [names.publicIp]: had[names.overwrite] || told.publicIp,
    }
    return Object.entries(wanted).every(([name, value]) => had[name] === value) ? undefined : wanted
  }
  const publish = async (node: Node, told: LeaseAttributes) => {
    const annotations = missing(node, told)
    if (!annotations) return
    const patch = { metadata: { annotations } }
    await client.patch(nodes, { name: nodeName }, patch, { type: 'strategic', subresource: 'status' })
  }

  return {
    async acquire(describe: Describe, signal: AbortSignal): Promise<OwnLease> {
      informer.start()
      log.info({ node: nodeName }, 'waiting until the Node has a pod network')
      const node = await until(informer, signal, node => node.metadata.name === nodeName && piecesOf(node).length > 0)
      const subnet = piecesOf(node).find(piece => piece.family === 4)
      const all = formatCidr(config.network)
      if (!subnet || !containsAddress(config.network, baseOf(subnet)) || subnet.length < config.network.length) {
        throw new OverlayConfigError(
          `node ${nodeName} has the pod network ${podCidrsOf(node).join(', ')}, which is not in ${all}: let Network of ` +
            'the network configuration be --cluster-cidr of the controller manager',
        )
      }
      const told = describe(subnet, attributesOf(node))
      await publish(node, told)
      return { ...told, subnet, podCidrs: podCidrsOf(node) }
    },

    follow(own, changed, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let tell = false
      const seen = (node: Node) => {
        if (node.metadata.name !== nodeName) return look()
        // A Node that was deleted and registered anew has lost what we told, or has another piece.
        if (piecesOf(node).length && podCidrsOf(node).join() !== own.podCidrs.join()) resolve()
        else if (missing(node, own)) {
          void publish(node, own).catch(error => log.warn({ error: String(error) }, 'the Node cannot be annotated'))
        }
      }
      /** Many changes at once are one. */
      const look = () => {
        if (tell) return
        tell = true
        queueMicrotask(() => {
          tell = false
          const others = [...informer.list()].filter(node => node.metadata.name !== nodeName)
          changed(others.map(leaseOf).filter(lease => lease !== undefined))
        })
      }
      const off = informer.on({
        added: seen,
        updated: seen,
        deleted: node => node.metadata.name !== nodeName && look(),
      })
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      look()
      return promise.finally(() => {
        off()
        signal.removeEventListener('abort', stop)
      })
    },

    async up() {
      if (options.setCondition === false) return
      const now = rfc3339(clock.now())
      const condition = {
        type: 'NetworkUnavailable',
        status: 'False',
        reason: 'FlannelIsUp',
        message: 'Flannel is running on this node',
        lastTransitionTime: now,
        lastHeartbeatTime: now,
      }
      const is = informer.get(nodeName)?.status.conditions?.find(({ type }) => type === condition.type)
      if (is?.status === condition.status && is.reason === condition.reason) return
      const patch = { status: { conditions: [condition] } }
      await client.patch(nodes, { name: nodeName }, patch, { type: 'strategic', subresource: 'status' })
    },

    stop: () => informer.stop(),
  }
}

function podCidrsOf({ spec }: Node): readonly string[] {
  return spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []
}

function piecesOf(node: Node) {
  return podCidrsOf(node)
    .map(parseCidr)
    .filter(cidr => cidr !== undefined)
}

/** The first object that fits, now or when it comes. */
function until(informer: Informer<typeof nodes>, signal: AbortSignal, fits: (node: Node) => boolean): Promise<Node> {
  const { promise, resolve, reject } = Promise.withResolvers<Node>()
  const look = (node: Node) => fits(node) && resolve(node)
  const stop = () => reject(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const off = informer.on({ added: look, updated: look })
  return promise.finally(() => {
    off()
    signal.removeEventListener('abort', stop)
  })
}

function parsed(text: string | undefined): unknown {
  if (!text || text.length > 4096) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
