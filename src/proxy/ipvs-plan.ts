/** Services as virtual servers of IPVS: what they are to be, and the commands that lead there. */
import type { Backend, ServicePort } from './service-ports.ts'

export interface VirtualServer {
  /** How backends are chosen, as ipvsadm takes it: `-s rr -p 10800`. */
  readonly options: string
  /** Addresses and ports of backends, each with its weight. */
  readonly real: ReadonlyMap<string, number>
}

export interface IpvsPlan {
  /** Addresses that must be this machine's own, so that the kernel hands packets for them to IPVS. */
  readonly addresses: ReadonlySet<string>
  /** `-t 10.96.0.1:443` -> the server. */
  readonly servers: ReadonlyMap<string, VirtualServer>
}

const flags = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const
const target = ({ ip, port }: Backend) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`

export function ipvsPlan(
  ports: readonly ServicePort[],
  { nodeAddresses, scheduler }: { readonly nodeAddresses: readonly string[]; readonly scheduler: string },
): IpvsPlan {
  const addresses = new Set<string>()
  const servers = new Map<string, VirtualServer>()
  for (const port of ports) {
    const options = `-s ${scheduler}${port.affinity === undefined ? '' : ` -p ${port.affinity}`}`
    const serve = (ip: string, at: number, backends: readonly Backend[]) => {
      const real = new Map(backends.map(backend => [target(backend), 1]))
      servers.set(`${flags[port.protocol]} ${target({ ip, port: at })}`, { options, real })
    }
    for (const ip of port.clusterIps) {
      addresses.add(ip)
      serve(ip, port.port, port.backends)
    }
    for (const ip of port.externalIps) {
      addresses.add(ip)
      serve(ip, port.port, port.externalBackends)
    }
    if (port.nodePort) for (const ip of nodeAddresses) serve(ip, port.nodePort, port.externalBackends)
  }
  return { addresses, servers }
}

/** What `ipvsadm --save --numeric` tells of. */
export function savedServers(text: string): Map<string, VirtualServer> {
  const servers = new Map<string, { options: string; real: Map<string, number> }>()
  for (const line of text.split('\n')) {
    const [verb, flag, address, ...rest] = line.trim().split(/\s+/)
    const key = `${flag} ${address}`
    if (verb === '-A') servers.set(key, { options: rest.join(' '), real: new Map() })
    const at = rest.indexOf('-r')
    const weight = rest.indexOf('-w')
    if (verb === '-a' && at >= 0) servers.get(key)?.real.set(rest[at + 1]!, weight >= 0 ? Number(rest[weight + 1]) : 1)
  }
  return servers
}

/** Lines for `ipvsadm --restore`: each is a command of its own. `ours` says which servers may be removed. */
export function ipvsCommands(
  now: ReadonlyMap<string, VirtualServer>,
  wanted: ReadonlyMap<string, VirtualServer>,
  ours: (server: string) => boolean,
): string[] {
  const lines: string[] = []
  for (const [key, { options, real }] of wanted) {
    const old = now.get(key)
    if (old?.options !== options) lines.push(`${old ? '-E' : '-A'} ${key} ${options}`)
    for (const [end, weight] of real) {
      const had = old?.real.get(end)
      if (had !== weight) lines.push(`${had === undefined ? '-a' : '-e'} ${key} -r ${end} -m -w ${weight}`)
    }
    for (const end of old?.real.keys() ?? []) if (!real.has(end)) lines.push(`-d ${key} -r ${end}`)
  }
  for (const key of now.keys()) if (!wanted.has(key) && ours(key)) lines.push(`-D ${key}`)
  return lines
}

/** The address of a server, without its port. */
export function addressOf(server: string): string {
  return server
    .replace(/^\S+ /, '')
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
}

/** Protocol and port of a server: `tcp 30080`. */
export function portOf(server: string): string {
  const [flag = '', address = ''] = server.split(' ')
  const protocol = Object.entries(flags).find(([, each]) => each === flag)?.[0] ?? flag
  return `${protocol} ${address.slice(address.lastIndexOf(':') + 1)}`
}
