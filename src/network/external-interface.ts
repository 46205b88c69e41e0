/** The interface, and the address on it, by which this machine and the others reach each other. */
import { type Cidr, containsAddress, parseAddress, parseCidr } from '../base/cidr.ts'
import type { Address } from '../host/addresses.ts'
import type { Host } from '../host/host.ts'
import { OverlayConfigError } from './net-conf.ts'

export interface ExternalInterface {
  readonly name: string
  readonly address: string
  readonly mtu: number
  /** Whether an address is on the same link. */
  readonly direct: (address: string) => boolean
}

export interface InterfaceWish {
  /** Names, addresses or networks, the first that fits. */
  readonly interfaces?: readonly string[]
  /** When nothing is wished: the interface with this address, if there is one. */
  readonly nodeAddress?: string | undefined
}

/** Throws OverlayConfigError with what there is, when nothing fits. */
export async function externalInterface(host: Host, wish: InterfaceWish): Promise<ExternalInterface> {
  const all = host.addresses.list().filter(address => address.family === 4)
  const found = await choose(host, all, wish)
  const mtu = Number(await host.files.readIfThere(`/sys/class/net/${found.interface}/mtu`)) || 1500
  const links = all
    .filter(address => address.interface === found.interface)
    .map(address => networkOf(address.cidr))
    .filter(link => link !== undefined)
  return {
    name: found.interface,
    address: found.address,
    mtu,
    direct: address => links.some(link => containsAddress(link, address)),
  }
}

async function choose(host: Host, all: readonly Address[], { interfaces, nodeAddress }: InterfaceWish) {
  for (const wish of interfaces ?? []) {
    const found = all.find(address => fits(address, wish))
    if (found) return found
  }
  if (interfaces?.length) {
    const there = [...new Set(all.map(({ interface: name, address }) => `${name} (${address})`))].join(', ')
    throw new OverlayConfigError(`no interface fits --iface ${interfaces.join(', ')}; there are ${there}`)
  }
  const own = all.find(address => address.address === nodeAddress) ?? (await byRoute(host, all))
  if (own) return own
  throw new OverlayConfigError('no interface has a default route; say which leads to the other machines with --iface')
}

async function byRoute(host: Host, all: readonly Address[]): Promise<Address | undefined> {
  const address = await host.addresses.own(4).catch(() => undefined)
  return all.find(each => each.address === address)
}

function fits({ interface: name, address }: Address, wish: string): boolean {
  if (parseAddress(wish)) return address === wish
  const network = parseCidr(wish)
  return network ? containsAddress(network, address) : name === wish
}

/** The network an interface's address is in. */
function networkOf(cidr: string): Cidr | undefined {
  const [address = '', length] = cidr.split('/')
  const parsed = parseAddress(address)
  if (!parsed || length === undefined) return undefined
  const size = 1n << BigInt(32 - Number(length))
  return { family: 4, first: parsed.value - (parsed.value % size), length: Number(length) }
}
