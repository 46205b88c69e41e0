/** Gives each node its piece of the pod network. */
import { nodes } from '../api/core/v1/node.ts'
import { type Cidr, formatCidr, parseCidr, sizeOf } from '../base/cidr.ts'
import { type Controller, controller, own, type ReconcileContext } from '../reconcile/controller.ts'

export interface NodeIpamOptions {
  /** The pod network of the whole cluster; one per address family. */
  readonly clusterCidrs: readonly string[]
  /** Prefix length of a node's piece, by family. */
  readonly nodeMask?: { readonly 4?: number; readonly 6?: number }
}

const usualMask = { 4: 24, 6: 64 } as const

export function nodeIpamController(options: NodeIpamOptions): Controller {
  const networks = options.clusterCidrs.map(text => {
    const cidr = parseCidr(text)
    if (!cidr) throw new Error(`cluster CIDR ${JSON.stringify(text)} is no network such as 10.244.0.0/16`)
    return { cidr, mask: options.nodeMask?.[cidr.family] ?? usualMask[cidr.family] }
  })
  // One worker: two nodes must not be offered the same piece.
  const given = new Map<string, string>()
  return controller({
    name: 'node-ipam-controller',
    watches: [own(nodes)],
    workers: 1,
    reconcile: async (key, context) => {
      const node = context.informers.of(nodes).get(key)
      if (!node) given.delete(key)
      if (!node || node.spec.podCIDR) return undefined
      const podCIDRs = networks.map(network => freePiece(network, taken(context, given, network.cidr)))
      if (podCIDRs.includes(undefined)) {
        context.recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${key} status is now: CIDRNotAvailable`)
        return { after: 60_000 }
      }
      given.set(key, podCIDRs.join(','))
      await context.client.patch(
        nodes,
        node.metadata,
        { spec: { podCIDR: podCIDRs[0], podCIDRs } },
        { type: 'strategic' },
      )
      return undefined
    },
  })
}

/** First addresses of the pieces in use, also of those given a moment ago that the informer does not show yet. */
function taken({ informers }: ReconcileContext, given: ReadonlyMap<string, string>, network: Cidr): Set<bigint> {
  const inUse = [...informers.of(nodes).list()].flatMap(node => node.spec.podCIDRs ?? [])
  const pieces = [...inUse, ...[...given.values()].flatMap(text => text.split(','))]
  const cidrs = pieces.flatMap(text => parseCidr(text) ?? [])
  return new Set(cidrs.filter(cidr => cidr.family === network.family).map(cidr => cidr.first))
}

function freePiece({ cidr, mask }: { readonly cidr: Cidr; readonly mask: number }, used: ReadonlySet<bigint>) {
  const piece = { family: cidr.family, length: mask }
  const step = sizeOf(piece)
  for (let first = cidr.first; first < cidr.first + sizeOf(cidr); first += step) {
    if (!used.has(first)) return formatCidr({ ...piece, first })
  }
  return undefined
}
