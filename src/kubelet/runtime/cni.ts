/** Pod networking on this machine: the bridge, and the CNI configuration that attaches pods to it. */
import type { Host } from '../../host/host.ts'

export interface CniOptions {
  /** One per address family; each pod gets an address of each. */
  readonly podCidrs: readonly string[]
  readonly mtu: number
  readonly bridge?: string
  readonly confDir?: string
  /** Leases of addresses; on tmpfs so that a reboot frees them. */
  readonly dataDir?: string
}

const defaults = { bridge: 'cni0', confDir: '/etc/cni/net.d', dataDir: '/run/kobune/cni' } as const

/** The configuration list's text. Masquerading is done once per node elsewhere. */
export function cniConflist(options: CniOptions): string {
  const { bridge, dataDir } = { ...defaults, ...options }
  const ranges = options.podCidrs.map(subnet => [{ subnet }])
  const routes = options.podCidrs.map(cidr => ({ dst: cidr.includes(':') ? '::/0' : '0.0.0.0/0' }))
  const plugins = [
    {
      type: 'bridge',
      bridge,
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      mtu: options.mtu,
      ipam: { type: 'host-local', dataDir, ranges, routes },
    },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ]
  return `${JSON.stringify({ cniVersion: '1.0.0', name: 'kobune', plugins }, undefined, 2)}\n`
}

/** Makes the bridge and writes the configuration; containerd notices it by itself. Fine to call again. */
export async function setUpCni(host: Host, options: CniOptions): Promise<void> {
  await ensureBridge(host, options)
  await host.sysctl.set('net.ipv4.ip_forward', 1)
  if (options.podCidrs.some(c => c.includes(':'))) await host.sysctl.set('net.ipv6.conf.all.forwarding', 1)
  const { confDir } = { ...defaults, ...options }
  const file = `${confDir}/10-kobune.conflist`
  const text = cniConflist(options)
  if ((await host.files.readIfThere(file)) !== text) await host.files.write(file, text)
}

/** The module that shows packets between ports of a bridge to the rules, and its settings; gone when it is unloaded. */
export const bridgeFilter = {
  module: 'br_netfilter',
  settings: ['net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables'],
} as const

/** Lets rules see packets between pods of one bridge: without, a Service's answer goes back past what rewrote the question. */
export async function filterBridged(host: Host): Promise<void> {
  await host.modules.tryLoad(bridgeFilter.module)
  for (const name of bridgeFilter.settings) await host.sysctl.trySet(name, 1)
}

/** Takes both away again. */
export async function removeCni(host: Host, options: Partial<CniOptions> = {}): Promise<void> {
  const { bridge, confDir, dataDir } = { ...defaults, ...options }
  await host.files.remove(`${confDir}/10-kobune.conflist`)
  await host.files.remove(dataDir)
  await host.processes.run('ip', ['link', 'delete', bridge], { okCodes: [1] })
}

/** With a fixed MAC: a bridge left to itself takes its last port's, and loses it together with that port. */
async function ensureBridge(host: Host, options: CniOptions): Promise<void> {
  const { bridge, mtu, podCidrs } = { ...defaults, ...options }
  const gateways = podCidrs.map(gatewayOf)
  if (!(await host.files.exists(`/sys/class/net/${bridge}`))) {
    await host.processes.run('ip', [
      'link',
      'add',
      bridge,
      'address',
      bridgeMac(gateways[0]!.address),
      'type',
      'bridge',
    ])
  }
  for (const { address, cidr } of gateways) {
    const nodad = address.includes(':') ? ['nodad'] : []
    await host.processes.run('ip', ['address', 'replace', cidr, 'dev', bridge, ...nodad])
  }
  await host.processes.run('ip', ['link', 'set', bridge, 'mtu', String(mtu), 'up'])
}

/** The first address of a pod network, as host-local chooses it. */
export function gatewayOf(podCidr: string): { readonly address: string; readonly cidr: string } {
  const [network, length] = podCidr.split('/') as [string, string]
  const address = network.includes(':') ? network.replace(/::?$/, '::1') : lastPlusOne(network)
  return { address, cidr: `${address}/${length}` }
}

function lastPlusOne(network: string): string {
  const bytes = network.split('.').map(Number)
  return [...bytes.slice(0, 3), bytes[3]! + 1].join('.')
}

/** Locally administered, made of the address, so that two nodes never share it. */
function bridgeMac(address: string): string {
  const bytes = address.includes(':') ? [0, 0, 0, 1] : address.split('.').map(Number)
  return ['0a', '58', ...bytes.map(b => b.toString(16).padStart(2, '0'))].join(':')
}
