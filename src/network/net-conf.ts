/** flannel's network configuration: `net-conf.json`, or the key `config` in etcd. */
import { addressAt, type Cidr, containsAddress, formatCidr, parseAddress, parseCidr, sizeOf } from '../base/cidr.ts'

/** How packets get from node to node. */
export type OverlayBackend =
  | {
      readonly type: 'vxlan'
      /** The number of the network, in every packet. */
      readonly vni: number
      /** UDP port of the kernel's VXLAN. */
      readonly port: number
      /** Nodes of the same link send to each other without a tunnel. */
      readonly directRouting: boolean
      readonly learning: boolean
      readonly mtu: number | undefined
    }
  | { readonly type: 'host-gw' }
  | { readonly type: 'udp'; readonly port: number }
  | { readonly type: 'alloc' }

export interface OverlayConfig {
  readonly network: Cidr
  /** Prefix length of each node's piece. With the Node API, nodes have their pieces from elsewhere. */
  readonly subnetLength: number
  /** First addresses of the first and last piece that may be given out. */
  readonly subnetMin: bigint
  readonly subnetMax: bigint
  readonly backend: OverlayBackend
}

/** The configuration cannot be used; the message names the field and what to write instead. */
export class OverlayConfigError extends Error {
  override readonly name = 'OverlayConfigError'
}

const largest = 64 << 10

/** Reads the JSON. `pieces`: whether nodes choose their own pieces (etcd), so that the limits of those matter. */
export function parseOverlayConfig(text: string, { pieces = false } = {}): OverlayConfig {
  const fields = new Fields(objectOf(text), '')
  if (fields.flag('EnableIPv6', false)) {
    throw fields.bad('EnableIPv6', 'IPv6 between nodes is not built in; use another network plugin for it, or false')
  }
  if (!fields.flag('EnableIPv4', true)) throw fields.bad('EnableIPv4', 'must not be false: there is no IPv6 here')
  const written = fields.text('Network')
  if (!written) throw fields.bad('Network', 'is missing: the network of all pods, such as "10.244.0.0/16"')
  const network = parseCidr(written)
  if (network?.family !== 4) {
    throw fields.bad('Network', `${JSON.stringify(written)} is no IPv4 network, such as "10.244.0.0/16"`)
  }
  return { network, ...subnets(fields, network, pieces), backend: backendOf(fields.within('Backend')) }
}

function objectOf(text: string): object {
  if (text.length > largest) throw new OverlayConfigError(`network configuration: longer than ${largest} bytes`)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw new OverlayConfigError(`network configuration: no JSON: ${(cause as Error).message}`, { cause })
  }
  throw new OverlayConfigError('network configuration: must be an object, such as {"Network": "10.244.0.0/16"}')
}

function subnets(fields: Fields, network: Cidr, pieces: boolean) {
  const { length, first } = network
  const subnetLength = fields.number('SubnetLen', length <= 22 ? 24 : length + 2, 1, 32)
  if (pieces && length > 28) throw fields.bad('Network', 'is too small: its prefix must be 28 or shorter')
  if (pieces && (subnetLength > 30 || subnetLength < length + 2)) {
    throw fields.bad('SubnetLen', `must be from ${length + 2} to 30 for ${formatCidr(network)}`)
  }
  const piece = sizeOf({ family: 4, length: subnetLength })
  const bound = (name: string, otherwise: bigint): bigint => {
    const text = fields.text(name)
    if (text === undefined) return otherwise
    const address = parseAddress(text)?.value
    if (address === undefined || !containsAddress(network, text)) {
      throw fields.bad(name, `${JSON.stringify(text)} is no address of ${formatCidr(network)}`)
    }
    if (address % piece !== 0n) throw fields.bad(name, `${text} is not where a piece of /${subnetLength} begins`)
    return address
  }
  const subnetMin = bound('SubnetMin', first + piece)
  const subnetMax = bound('SubnetMax', first + sizeOf(network) - piece)
  if (pieces && subnetMin > subnetMax) throw fields.bad('SubnetMin', 'is above SubnetMax')
  return { subnetLength, subnetMin, subnetMax }
}

/** What each type reads; a network without a Backend is flannel's oldest, udp. */
const backends: Readonly<Record<OverlayBackend['type'], (fields: Fields) => OverlayBackend>> = {
  vxlan: fields => {
    if (fields.flag('GBP', false)) throw fields.bad('GBP', 'group policies are not built in; remove it')
    return {
      type: 'vxlan',
      vni: fields.number('VNI', 1, 1, 2 ** 24 - 1),
      port: fields.number('Port', 0, 0, 65_535) || 8472,
      directRouting: fields.flag('DirectRouting', false),
      learning: fields.flag('Learning', false),
      mtu: fields.number('MTU', 0, 0, 65_535) || undefined,
    }
  },
  'host-gw': () => ({ type: 'host-gw' }),
  udp: fields => ({ type: 'udp', port: fields.number('Port', 8285, 1, 65_535) }),
  alloc: () => ({ type: 'alloc' }),
}

function backendOf(fields: Fields): OverlayBackend {
  const type = fields.text('Type') ?? 'udp'
  const read = Object.hasOwn(backends, type) ? backends[type as OverlayBackend['type']] : undefined
  if (!read) {
    throw fields.bad('Type', `${JSON.stringify(type)} is not built in; there are ${Object.keys(backends).join(', ')}`)
  }
  return read(fields)
}

/** The fields of one object, by name in any case, as Go reads them. */
class Fields {
  readonly #values: ReadonlyMap<string, unknown>
  readonly #path: string

  constructor(object: object, path: string) {
    this.#values = new Map(Object.entries(object).map(([name, value]) => [name.toLowerCase(), value ?? undefined]))
    this.#path = path
  }

  bad(name: string, why: string): OverlayConfigError {
    return new OverlayConfigError(`network configuration: ${this.#path}${name} ${why}`)
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name.toLowerCase())
    if (value === undefined || value === '') return undefined
    if (typeof value !== 'string') throw this.bad(name, 'must be a string')
    return value
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#values.get(name.toLowerCase()) ?? otherwise
    if (typeof value !== 'boolean') throw this.bad(name, 'must be true or false')
    return value
  }

  number(name: string, otherwise: number, least: number, most: number): number {
    const value = this.#values.get(name.toLowerCase()) ?? otherwise
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      throw this.bad(name, `must be a number from ${least} to ${most}`)
    }
    return value as number
  }

  within(name: string): Fields {
    const value = this.#values.get(name.toLowerCase()) ?? {}
    if (typeof value !== 'object' || Array.isArray(value)) throw this.bad(name, 'must be an object')
    return new Fields(value, `${this.#path}${name}.`)
  }
}

/** The configuration of a cluster that asked for nothing special. */
export function defaultOverlayConfig(podCidr: string): OverlayConfig {
  return parseOverlayConfig(JSON.stringify({ Network: podCidr, Backend: { Type: 'vxlan' } }))
}

/** The first address of a piece: that of the tunnel's end. */
export function baseOf(subnet: Cidr): string {
  return addressAt(subnet, 0)
}
