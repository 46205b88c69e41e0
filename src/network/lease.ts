/** A node's piece of the pod network, and how the others reach it. */
import { type Cidr, containsAddress, parseAddress } from '../base/cidr.ts'

/** What a node tells the others. */
export interface LeaseAttributes {
  readonly publicIp: string
  readonly backendType: string
  /** JSON; for vxlan: VNI and VtepMAC. */
  readonly backendData: unknown
}

export interface Lease extends LeaseAttributes {
  readonly subnet: Cidr
}

export interface OwnLease extends Lease {
  /** All address pieces of this node: pods get an address of each. */
  readonly podCidrs: readonly string[]
}

/** What to tell about a piece, given what this node told the last time. */
export type Describe = (subnet: Cidr, before: LeaseAttributes | undefined) => LeaseAttributes

/** Where leases come from: the Nodes of a cluster, or keys in etcd. */
export interface LeaseSource {
  /** This machine's own piece; waits until there is one, and tells the others. */
  acquire(describe: Describe, signal: AbortSignal): Promise<OwnLease>
  /**
   * Calls `changed` with the leases of all others, now and whenever they change. Resolves when the own lease is lost and
   * another must be acquired; rejects when the signal ends it.
   */
  follow(own: OwnLease, changed: (others: readonly Lease[]) => void, signal: AbortSignal): Promise<void>
  /** The network of this machine works. */
  up?(): Promise<void>
}

/** The VTEP's address in backend data, undefined when there is none: hardware addresses are written in many ways. */
export function vtepMac(data: unknown): string | undefined {
  const mac = (data as { VtepMAC?: unknown } | null | undefined)?.VtepMAC
  return typeof mac === 'string' && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) ? mac.toLowerCase() : undefined
}

/**
 * The hardware address of a node's tunnel end: locally administered, of the piece's first address. So no two nodes of a
 * network share one, and a node that comes back has the one that its peers know.
 */
export function macOf(subnet: Cidr): string {
  const bytes = [24n, 16n, 8n, 0n].map(shift => Number((subnet.first >> shift) & 255n))
  return ['0a', 'f1', ...bytes.map(byte => byte.toString(16).padStart(2, '0'))].join(':')
}

/** Why a lease cannot be used in this network; undefined when it can. */
export function unusable(lease: Lease, network: Cidr, backendType: string, first: string): string | undefined {
  if (lease.backendType !== backendType) return `its backend is ${lease.backendType}, ours is ${backendType}`
  if (!containsAddress(network, first) || lease.subnet.length < network.length) return 'it is outside of the network'
  if (parseAddress(lease.publicIp)?.family !== 4) return `its public address ${lease.publicIp} is no IPv4 address`
  if (backendType === 'vxlan' && !vtepMac(lease.backendData)) return 'it has no VtepMAC'
  return undefined
}
