import { addressAt, containsAddress, formatCidr, parseCidr, sizeOf } from '../../base/cidr.ts'

/** A range of IPv4 addresses that Services get theirs from. */
export interface IpRange {
  readonly cidr: string
  /** Addresses that can be given out: not the network's own, not the broadcast address. */
  readonly size: number
  /** Where those start that are given to whoever asks for none in particular: the ones below are left for people. */
  readonly dynamic: number
  /** The address at an offset: 0 is the first usable one. */
  at(offset: number): string
  contains(address: string): boolean
}

/** Reads `10.96.0.0/12`. */
export function ipRange(text: string): IpRange {
  const cidr = parseCidr(text)
  if (cidr?.family !== 4 || cidr.length > 30) {
    throw new Error(`the service range ${text} is not an IPv4 range of 4 addresses or more, like 10.96.0.0/12`)
  }
  const total = Number(sizeOf(cidr))
  const size = total - 2
  const at = (offset: number) => addressAt(cidr, offset + 1)
  const edges = new Set([addressAt(cidr, 0), addressAt(cidr, total - 1)])
  return {
    cidr: formatCidr(cidr),
    size,
    dynamic: dynamicStart(size, 16, 256),
    at,
    contains: address => containsAddress(cidr, address) && !edges.has(address),
  }
}

/** A part of a range is kept for choices by hand, within bounds; small ranges keep nothing. */
export function dynamicStart(size: number, part: number, most: number): number {
  const kept = Math.min(Math.max(16, Math.floor(size / part)), most)
  return kept >= size ? 0 : kept
}
