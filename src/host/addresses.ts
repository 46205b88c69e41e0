/** The machine's name and network addresses. */
import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { attempt, HostError } from './host-error.ts'
import type { Processes } from './processes.ts'

export interface Address {
  readonly interface: string
  readonly address: string
  readonly family: 4 | 6
  /** `10.0.0.5/24` */
  readonly cidr: string
  readonly mac: string
  /** Loopback. */
  readonly internal: boolean
}

export interface DefaultRoute {
  readonly interface: string
  readonly gateway: string | undefined
  /** The address the kernel uses toward the default route. */
  readonly address: string
  readonly mtu: number
}

export interface Addresses {
  hostname(): string
  list(): readonly Address[]
  /** Undefined when there is no default route of that family. */
  defaultRoute(family?: 4 | 6): Promise<DefaultRoute | undefined>
  /** The address by which others reach this machine: the default route's, else the first that is not loopback. */
  own(family?: 4 | 6): Promise<string>
}

/** The addresses of the network namespace this process is in. */
export function linuxAddresses(processes: Processes): Addresses {
  const addresses: Addresses = {
    hostname,
    list: () =>
      Object.entries(networkInterfaces()).flatMap(([name, infos]) =>
        (infos ?? []).map(info => ({
          interface: name,
          address: info.address,
          family: info.family === 'IPv4' ? (4 as const) : (6 as const),
          cidr: info.cidr ?? info.address,
          mac: info.mac,
          internal: info.internal,
        })),
      ),
    defaultRoute: async (family = 4) => {
      const { stdout } = await processes.run('ip', ['-j', `-${family}`, 'route', 'show', 'default'])
      const routes = JSON.parse(stdout || '[]') as {
        dev: string
        gateway?: string
        prefsrc?: string
        metric?: number
      }[]
      const route = routes.sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0))[0]
      const found = route && addresses.list().find(a => a.interface === route.dev && a.family === family && usable(a))
      const address = route?.prefsrc ?? found?.address
      if (!route || !address) return undefined
      const path = `/sys/class/net/${route.dev}/mtu`
      const mtu = Number(await attempt('read', path, () => readFile(path, 'utf8')))
      return { interface: route.dev, gateway: route.gateway, address, mtu }
    },
    own: async (family = 4) => {
      const address =
        (await addresses.defaultRoute(family))?.address ??
        addresses.list().find(a => a.family === family && !a.internal && usable(a))?.address
      if (address) return address
      const message = `no interface has an IPv${family} address except loopback; give one explicitly`
      throw new HostError({ verb: 'find', target: "the machine's own address", code: 'missing', message })
    },
  }
  return addresses
}

function usable(address: Address): boolean {
  return !address.address.startsWith('fe80:') && !address.address.startsWith('169.254.')
}
