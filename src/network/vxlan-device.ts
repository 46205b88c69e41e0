/** The interface of a VXLAN: made, or kept when it is as it should be, so that packets go on flowing over a restart. */
import type { Host } from '../host/host.ts'

export interface VxlanDevice {
  readonly name: string
  readonly vni: number
  readonly port: number
  /** Our end, and the interface it is on. */
  readonly local: string
  readonly link: string
  readonly mac: string
  readonly mtu: number
  readonly learning: boolean
  /** Address of the interface itself, in the pod network. */
  readonly address: string
}

interface LinkAsTold {
  readonly address: string
  readonly mtu: number
  readonly flags: readonly string[]
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: { id?: number; local?: string; link?: string; port?: number; learning?: boolean }
  }
}

/** Makes the kernel's interface equal to this one. */
export async function ensureVxlan(host: Host, device: VxlanDevice): Promise<void> {
  const { name, vni, port, local, link, mac, mtu, learning, address } = device
  const ip = (args: readonly string[], okCodes: readonly number[] = []) => host.processes.run('ip', args, { okCodes })
  const found = await readLink(host, name)
  if (found && !fits(found, device)) await ip(['link', 'delete', name])
  if (!found || !fits(found, device)) {
    const type = ['type', 'vxlan', 'id', String(vni), 'dstport', String(port), 'local', local, 'dev', link]
    await ip(['link', 'add', 'name', name, 'address', mac, ...type, learning ? 'learning' : 'nolearning'])
    await host.sysctl.trySet(`net.ipv6.conf.${name.replaceAll('.', '/')}.accept_ra`, 0)
  }
  if (found?.mtu !== mtu || !found.flags.includes('UP')) await ip(['link', 'set', name, 'mtu', String(mtu), 'up'])
  const { stdout } = await ip(['-j', '-4', 'address', 'show', 'dev', name])
  const [{ addr_info: addresses = [] } = {}] = JSON.parse(stdout || '[]') as {
    addr_info?: { local: string; prefixlen: number }[]
  }[]
  for (const old of addresses) {
    if (old.local !== address) await ip(['address', 'delete', `${old.local}/${old.prefixlen}`, 'dev', name])
  }
  if (!addresses.some(old => old.local === address)) await ip(['address', 'add', `${address}/32`, 'dev', name])
}

async function readLink(host: Host, name: string): Promise<LinkAsTold | undefined> {
  const { code, stdout } = await host.processes.run('ip', ['-j', '-d', 'link', 'show', 'dev', name], { okCodes: [1] })
  return code === 0 ? (JSON.parse(stdout || '[]') as LinkAsTold[])[0] : undefined
}

function fits({ address, linkinfo }: LinkAsTold, device: VxlanDevice): boolean {
  const { id, local, link, port, learning } = linkinfo?.info_data ?? {}
  return (
    linkinfo?.info_kind === 'vxlan' &&
    address === device.mac &&
    id === device.vni &&
    local === device.local &&
    link === device.link &&
    port === device.port &&
    Boolean(learning) === device.learning
  )
}
