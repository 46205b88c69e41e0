/** Gives each node its piece of the pod network. */
import { type Node, nodes } from '../api/core/v1/node.ts'
import { type Cidr, formatCidr, parseCidr, sizeOf } from '../base/cidr.ts'
import { type Controller, controller, own } from '../reconcile/controller.ts'

export interface NodeIpamOptions {
  /** The pod network of the whole cluster; one per address family. */
  readonly clusterCidrs: readonly string[]
  /** Prefix length of a node's piece, by family. */
  readonly nodeMask?: { readonly 4?: number; readonly 6?: number }
}

const usualMask = { 4: 24, 6: 64 } as const

export function nodeIpamController(options: NodeIpamOptions): Controller {
  const pools = options.clusterCidrs.map(text => {
    const cidr = parseCidr(text)
    if (!cidr) throw new Error(`cluster CIDR ${JSON.stringify(text)} is no network such as 10.244.0.0/16`)
    return new Pool(cidr, options.nodeMask?.[cidr.family] ?? usualMask[cidr.family])
  })
  let knowsAll = false
  return controller({
    name: 'node-ipam-controller',
    watches: [own(nodes)],
    // One worker: two nodes must not be offered the same piece.
    workers: 1,
    reconcile: async (key, { client, informers, recorder }) => {
      const all = informers.of(nodes)
      if (!knowsAll) for (const node of all.list()) occupy(pools, node)
      knowsAll = true
      const node = all.get(key)
      if (!node) {
        for (const pool of pools) pool.release(key)
        return undefined
      }
      if (node.spec.podCIDR) {
        occupy(pools, node)
        return undefined
      }
      const podCIDRs = pools.map(pool => pool.give(key))
      if (podCIDRs.includes(undefined)) {
        recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${key} status is now: CIDRNotAvailable`)
        return { after: 60_000 }
      }
      const spec = { podCIDR: podCIDRs[0], podCIDRs }
      await client.patch(nodes, node.metadata, { spec }, { type: 'strategic' })
      return undefined
    },
  })
}

function occupy(pools: readonly Pool[], { metadata, spec }: Node): void {
  for (const piece of (spec.podCIDRs ?? []).flatMap(text => parseCidr(text) ?? [])) {
    for (const pool of pools) pool.occupy(metadata.name, piece)
  }
}

/** The pieces of one network, and which node has which. */
class Pool {
  readonly #network: Cidr
  readonly #mask: number
  readonly #step: bigint
  readonly #owners = new Map<bigint, string>()
  readonly #pieces = new Map<string, bigint>()
  /** Pieces are given in a circle: what was released is used again as late as possible. */
  #next: bigint

  constructor(network: Cidr, mask: number) {
    this.#network = network
    this.#mask = mask
    this.#step = sizeOf({ family: network.family, length: mask })
    this.#next = network.first
  }

  occupy(node: string, { family, first }: Cidr): void {
    if (family !== this.#network.family || this.#owners.has(first)) return
    this.#owners.set(first, node)
    this.#pieces.set(node, first)
  }

  release(node: string): void {
    const first = this.#pieces.get(node)
    if (first === undefined) return
    this.#pieces.delete(node)
    this.#owners.delete(first)
  }

  /** The node's piece, the same one when asked again; undefined when all are taken. */
  give(node: string): string | undefined {
    const { family, first: begin } = this.#network
    const end = begin + sizeOf(this.#network)
    let first = this.#pieces.get(node)
    for (let left = (end - begin) / this.#step; first === undefined && left > 0n; left--) {
      if (!this.#owners.has(this.#next)) first = this.#next
      this.#next = this.#next + this.#step < end ? this.#next + this.#step : begin
    }
    if (first === undefined) return undefined
    this.#owners.set(first, node)
    this.#pieces.set(node, first)
    return formatCidr({ family, first, length: this.#mask })
  }
}
