/** From leases to what the kernel must know of each peer, and from what it knows to the commands that mend it. */
import { formatCidr } from '../base/cidr.ts'
import { type Lease, vtepMac } from './lease.ts'
import { baseOf } from './net-conf.ts'

/** The mark of our routes on ordinary interfaces: nobody else's are ever touched. */
export const routeProtocol = '203'

export interface Route {
  readonly via: string
  readonly dev: string
  /** The gateway is no address of the interface's network. */
  readonly onlink: boolean
}

/** What is in the kernel, or should be. */
export interface PeerEntries {
  /** Tunnel address of a peer -> its hardware address. */
  readonly neighbours: ReadonlyMap<string, string>
  /** Hardware address -> the machine it is at. */
  readonly forwardings: ReadonlyMap<string, string>
  /** Piece of the network -> the way there. */
  readonly routes: ReadonlyMap<string, Route>
}

export interface PlanOptions {
  /** The tunnel's interface; absent with host-gw. */
  readonly tunnel?: string
  /** The interface toward the other machines. */
  readonly external: string
  /** Whether a machine is on the same link. */
  readonly direct: (publicIp: string) => boolean
  /** Machines on the same link are reached without the tunnel. */
  readonly directRouting: boolean
}

/** Entries for these peers. With host-gw, peers on other links are left out: `unreachable` names them. */
export function planPeers(
  peers: readonly Lease[],
  { tunnel, external, direct, directRouting }: PlanOptions,
): PeerEntries & { readonly unreachable: readonly Lease[] } {
  const neighbours = new Map<string, string>()
  const forwardings = new Map<string, string>()
  const routes = new Map<string, Route>()
  const unreachable: Lease[] = []
  for (const peer of peers) {
    const subnet = formatCidr(peer.subnet)
    if (directRouting && direct(peer.publicIp)) {
      routes.set(subnet, { via: peer.publicIp, dev: external, onlink: false })
    } else if (tunnel) {
      const mac = vtepMac(peer.backendData)!
      const base = baseOf(peer.subnet)
      neighbours.set(base, mac)
      forwardings.set(mac, peer.publicIp)
      routes.set(subnet, { via: base, dev: tunnel, onlink: true })
    } else {
      unreachable.push(peer)
    }
  }
  return { neighbours, forwardings, routes, unreachable }
}

/** Lines for `ip -batch` and `bridge -batch`, to be run in this order. */
export interface PeerCommands {
  /** Ways that lead nowhere go first, then hardware addresses are learned. */
  readonly before: readonly string[]
  readonly bridge: readonly string[]
  /** A way is opened when all it needs is there. */
  readonly after: readonly string[]
}

/** What leads from one state to another; all empty when nothing differs. */
export function peerCommands(now: PeerEntries, wanted: PeerEntries, tunnel: string | undefined): PeerCommands {
  const gone = <T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>) => [...a].filter(([key]) => !b.has(key))
  const fresh = <T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>) =>
    [...b].filter(([key, value]) => JSON.stringify(a.get(key)) !== JSON.stringify(value))
  return {
    before: [
      ...gone(now.routes, wanted.routes).map(([to, { dev }]) => `route del ${to} dev ${dev}`),
      ...fresh(now.neighbours, wanted.neighbours).map(
        ([ip, mac]) => `neigh replace ${ip} lladdr ${mac} dev ${tunnel} nud permanent`,
      ),
    ],
    bridge: [
      ...gone(now.forwardings, wanted.forwardings).map(([mac, at]) => `fdb del ${mac} dev ${tunnel} dst ${at} self`),
      ...fresh(now.forwardings, wanted.forwardings).map(
        ([mac, at]) => `fdb replace ${mac} dev ${tunnel} dst ${at} self permanent`,
      ),
    ],
    after: [
      ...fresh(now.routes, wanted.routes).map(
        ([to, { via, dev, onlink }]) =>
          `route replace ${to} via ${via} dev ${dev}${onlink ? ' onlink' : ` proto ${routeProtocol}`}`,
      ),
      ...gone(now.neighbours, wanted.neighbours).map(([ip]) => `neigh del ${ip} dev ${tunnel}`),
    ],
  }
}

/** The entries that `ip -j` and `bridge -j` tell of. */
export function readEntries(
  texts: { readonly neighbours: string; readonly forwardings: string; readonly routes: string },
  tunnel: string | undefined,
): PeerEntries {
  const rows = (text: string) => JSON.parse(text || '[]') as Readonly<Record<string, string>>[]
  const routes = rows(texts.routes).filter(row => row.gateway && (row.dev === tunnel || row.protocol === routeProtocol))
  return {
    neighbours: new Map(rows(texts.neighbours).map(row => [row.dst!, row.lladdr!])),
    forwardings: new Map(
      rows(texts.forwardings)
        .filter(row => row.dst)
        .map(row => [row.mac!, row.dst!]),
    ),
    routes: new Map(
      routes.map(row => {
        const to = row.dst!.includes('/') ? row.dst! : `${row.dst}/32`
        return [to, { via: row.gateway!, dev: row.dev!, onlink: row.dev === tunnel }] as const
      }),
    ),
  }
}
