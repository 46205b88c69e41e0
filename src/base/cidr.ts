/** IPv4 and IPv6 networks as numbers. */

export interface Cidr {
  readonly family: 4 | 6
  /** The network's first address. */
  readonly first: bigint
  /** Prefix length. */
  readonly length: number
}

const bits = { 4: 32, 6: 128 } as const

/** An address as a number; undefined when it is none. */
export function parseAddress(text: string): { readonly family: 4 | 6; readonly value: bigint } | undefined {
  if (text.includes(':')) return parseV6(text)
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return { family: 4, value: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) }
}

function parseV6(text: string): { readonly family: 6; readonly value: bigint } | undefined {
  let source = text
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (dotted) {
    const v4 = parseAddress(dotted[2]!)
    if (!v4) return undefined
    source = `${dotted[1]}${(v4.value >> 16n).toString(16)}:${(v4.value & 0xffffn).toString(16)}`
  }
  const halves = source.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map(half => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array(Math.max(0, missing)).fill('0'), ...tail]
  if (!groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return { family: 6, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) }
}

/** The usual text of an address. */
export function formatAddress(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map(shift => String((value >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  const zeros = [...groups.join(':').matchAll(/\b0(?::0\b)+/g)].sort((a, b) => b[0].length - a[0].length)[0]
  if (!zeros) return groups.join(':')
  const text = groups.join(':')
  return `${text.slice(0, zeros.index).replace(/:$/, '')}::${text.slice(zeros.index + zeros[0].length).replace(/^:/, '')}`
}

/** Reads `10.96.0.0/12`; undefined when it is no network, or has bits set behind its prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', more] = text.split('/')
  const parsed = parseAddress(address)
  if (!parsed || more !== undefined || !/^\d{1,3}$/.test(length) || Number(length) > bits[parsed.family])
    return undefined
  const cidr = { family: parsed.family, first: parsed.value, length: Number(length) }
  return parsed.value % sizeOf(cidr) === 0n ? cidr : undefined
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.family, cidr.first)}/${cidr.length}`
}

/** How many addresses are in it. */
export function sizeOf(cidr: Pick<Cidr, 'family' | 'length'>): bigint {
  return 1n << BigInt(bits[cidr.family] - cidr.length)
}

/** The address at an offset; negative offsets count from the end. Throws RangeError outside of the network. */
export function addressAt(cidr: Cidr, offset: number | bigint): string {
  const at = BigInt(offset) < 0n ? sizeOf(cidr) + BigInt(offset) : BigInt(offset)
  if (at < 0n || at >= sizeOf(cidr)) throw new RangeError(`${formatCidr(cidr)} has no address at ${offset}`)
  return formatAddress(cidr.family, cidr.first + at)
}

export function containsAddress(cidr: Cidr, address: string): boolean {
  const parsed = parseAddress(address)
  if (!parsed || parsed.family !== cidr.family) return false
  return parsed.value >= cidr.first && parsed.value < cidr.first + sizeOf(cidr)
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first < b.first + sizeOf(b) && b.first < a.first + sizeOf(a)
}
