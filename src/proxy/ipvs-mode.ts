/** Services as virtual servers of the kernel's IPVS, by `ipvsadm`; their addresses are those of an interface of its own. */
import type { Host } from '../host/host.ts'
import { addressOf, ipvsCommands, ipvsPlan, portOf, savedServers } from './ipvs-plan.ts'
import { ipvsRules, ipvsTable } from './ipvs-rules.ts'
import type { ModeOptions, ProxyMode } from './mode.ts'
import { ProxyModeError } from './mode-error.ts'
import { changeScript, fullScript, type Ruleset } from './ruleset.ts'

const link = 'kube-ipvs0'

/** The addresses must not be answered for in the network, and packets of dead backends must not be lost in silence. */
const settings = {
  'net.ipv4.vs.conntrack': 1,
  'net.ipv4.vs.conn_reuse_mode': 0,
  'net.ipv4.vs.expire_nodest_conn': 1,
  'net.ipv4.vs.expire_quiescent_template': 1,
  'net.ipv4.conf.all.arp_ignore': 1,
  'net.ipv4.conf.all.arp_announce': 2,
  'net.ipv4.ip_forward': 1,
} as const

export function ipvsMode({ host, podCidrs, scheduler = 'rr' }: ModeOptions): ProxyMode {
  const applied = new Map<4 | 6, Ruleset>()
  /** Servers on the node's own addresses that are ours. */
  let nodePorts: readonly string[] = []
  /** Node ports of a proxy that ran here before. */
  let before: ReadonlySet<string> = new Set()
  return {
    resync: true,
    async prepare() {
      await prepare(host)
      before = await nodePortsOf(host)
    },
    async apply(family, ports) {
      const own = host.addresses.list().filter(address => address.family === family && !address.internal)
      const nodeAddresses = own.filter(address => address.interface !== link).map(({ address }) => address)
      const plan = ipvsPlan(ports, { nodeAddresses, scheduler })
      const had = await addressesOf(host, family)
      await ipBatch(
        host,
        [...plan.addresses].filter(each => !had.has(each)).map(each => `address add ${each} dev ${link}`),
      )

      const now = savedServers((await host.processes.run('ipvsadm', ['--save', '--numeric'])).stdout)
      const mine = (server: string) => {
        const address = addressOf(server)
        if (address.includes(':') !== (family === 6)) return false
        return had.has(address) || nodePorts.includes(server) || before.has(portOf(server))
      }
      const commands = ipvsCommands(now, plan.servers, mine)
      if (commands.length) await host.processes.run('ipvsadm', ['--restore'], { input: `${commands.join('\n')}\n` })
      const onNode = [...plan.servers.keys()].filter(server => nodeAddresses.includes(addressOf(server)))
      nodePorts = [...nodePorts.filter(server => addressOf(server).includes(':') !== (family === 6)), ...onNode]

      const podCidr = podCidrs.find(cidr => cidr.includes(':') === (family === 6))
      const wanted = ipvsRules(ports, { family, podCidr })
      const rules = applied.get(family)
      const script = rules ? changeScript(rules, wanted) : fullScript(wanted)
      if (script) await host.nftables.apply(script)
      applied.set(family, wanted)
      await ipBatch(
        host,
        [...had].filter(each => !plan.addresses.has(each)).map(each => `address del ${each} dev ${link}`),
      )
    },
  }
}

async function prepare(host: Host): Promise<void> {
  if (!(await host.processes.find('ipvsadm'))) {
    throw new ProxyModeError('mode ipvs needs the program ipvsadm: apt-get install ipvsadm, or choose mode nftables')
  }
  // In a pod there are no modules to load by name; but the kernel itself loads IPVS for the first who asks for it.
  await host.modules.tryLoad('ip_vs')
  await host.processes.run('ipvsadm', ['--save', '--numeric']).catch(() => {})
  if (!(await host.files.exists('/proc/net/ip_vs'))) {
    throw new ProxyModeError(
      'mode ipvs: the kernel has no IPVS (there is no /proc/net/ip_vs); choose mode nftables, or load its module: modprobe ip_vs',
    )
  }
  if (!(await host.files.exists(`/sys/class/net/${link}`))) {
    await host.processes.run('ip', ['link', 'add', 'name', link, 'type', 'dummy'])
  }
  for (const [name, value] of Object.entries(settings)) await host.sysctl.trySet(name, value)
}

/** `tcp 30080`: the node ports that the rules beside IPVS know, whose servers are on addresses that are not ours alone. */
async function nodePortsOf(host: Host): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const family of ['ip', 'ip6'] as const) {
    const entries = await host.nftables.list(family, ipvsTable).catch(() => [])
    for (const { set } of entries as readonly { set?: NftSet }[]) {
      if (!set?.name.startsWith('KUBE-NODE-PORT')) continue
      for (const element of set.elem ?? []) if (element.concat) found.add(element.concat.join(' '))
    }
  }
  return found
}

/** As `nft -j` tells of it. */
interface NftSet {
  readonly name: string
  readonly elem?: readonly { readonly concat?: readonly unknown[] }[]
}

async function addressesOf(host: Host, family: 4 | 6): Promise<Set<string>> {
  const { stdout } = await host.processes.run('ip', ['-j', `-${family}`, 'address', 'show', 'dev', link])
  const links = JSON.parse(stdout || '[]') as { addr_info?: { local: string; scope: string }[] }[]
  return new Set(links.flatMap(each => each.addr_info ?? []).flatMap(a => (a.scope === 'link' ? [] : a.local)))
}

async function ipBatch(host: Host, lines: readonly string[]): Promise<void> {
  if (lines.length) await host.processes.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Removes the interface, the servers on its addresses, and those of node ports; others' servers stay. */
export async function removeIpvsRules(host: Host): Promise<void> {
  const nodePorts = await nodePortsOf(host)
  for (const family of ['ip', 'ip6'] as const) await host.nftables.deleteTable(family, ipvsTable)
  if (!(await host.files.exists(`/sys/class/net/${link}`))) return
  if (await host.processes.find('ipvsadm')) {
    const ours = new Set([...(await addressesOf(host, 4)), ...(await addressesOf(host, 6))])
    const now = savedServers((await host.processes.run('ipvsadm', ['--save', '--numeric'])).stdout)
    const mine = (server: string) => ours.has(addressOf(server)) || nodePorts.has(portOf(server))
    const commands = ipvsCommands(now, new Map(), mine)
    if (commands.length) await host.processes.run('ipvsadm', ['--restore'], { input: `${commands.join('\n')}\n` })
  }
  await host.processes.run('ip', ['link', 'delete', link], { okCodes: [1] })
}
