/** Services as nftables rules. The way of a packet: see docs/architecture.md. */
import { createHash } from 'node:crypto'
import type { Chain, Ruleset, SetDeclaration } from './ruleset.ts'
import type { Backend, ServicePort } from './service-ports.ts'

export const tableName = 'kobune-services'

/** Upstream's mark for packets that get this node's address as source on their way out. */
const masqueradeMark = '0x4000'

export interface RulesOptions {
  readonly family: 4 | 6
  /** The network of all pods: others' packets to a Service need this node's address to find back. */
  readonly podCidr: string | undefined
}

type DraftSet = SetDeclaration & { elements?: Map<string, string> }

interface Draft {
  readonly chains: Map<string, Chain>
  readonly sets: Map<string, DraftSet>
}

/** The table for these ports. */
export function serviceRules(ports: readonly ServicePort[], options: RulesOptions): Ruleset {
  const ip = options.family === 4 ? 'ip' : 'ip6'
  const address = options.family === 4 ? 'ipv4_addr' : 'ipv6_addr'
  const verdict = () => new Map<string, string>()
  const draft: Draft = {
    sets: new Map<string, DraftSet>([
      ['service-ips', map(`{ type ${address} . inet_proto . inet_service : verdict; }`, verdict())],
      ['service-nodeports', map('{ type inet_proto . inet_service : verdict; }', verdict())],
      ['no-endpoint-services', map(`{ type ${address} . inet_proto . inet_service : verdict; }`, verdict())],
      ['no-endpoint-nodeports', map('{ type inet_proto . inet_service : verdict; }', verdict())],
      ['hairpins', { kind: 'set', declaration: `{ type ${address} . ${address}; }`, elements: new Map() }],
    ]),
    chains: baseChains(ip),
  }
  for (const port of ports) addPort(draft, port, ip, address, options.podCidr)
  return { family: ip, table: tableName, sets: draft.sets, chains: draft.chains }
}

function map(declaration: string, elements: Map<string, string>) {
  return { kind: 'map' as const, declaration, elements }
}

function baseChains(ip: 'ip' | 'ip6'): Map<string, Chain> {
  const reject = ['ct state new jump refuse']
  return new Map<string, Chain>([
    [
      'refuse',
      {
        rules: [
          `${ip} daddr . meta l4proto . th dport vmap @no-endpoint-services`,
          'fib daddr type local meta l4proto . th dport vmap @no-endpoint-nodeports',
        ],
      },
    ],
    ['reject-all', { rules: ['reject'] }],
    ['mark-for-masquerade', { rules: [`meta mark set meta mark or ${masqueradeMark}`] }],
    [
      'services',
      {
        rules: [
          `${ip} daddr . meta l4proto . th dport vmap @service-ips`,
          `fib daddr type local ${ip} daddr != ${ip === 'ip' ? '127.0.0.0/8' : '::1'} meta l4proto . th dport vmap @service-nodeports`,
        ],
      },
    ],
    ['nat-prerouting', { hook: 'type nat hook prerouting priority -100;', rules: ['jump services'] }],
    ['nat-output', { hook: 'type nat hook output priority -100;', rules: ['jump services'] }],
    [
      'nat-postrouting',
      {
        hook: 'type nat hook postrouting priority 100;',
        rules: [
          `${ip} saddr . ${ip} daddr @hairpins masquerade`,
          `meta mark and ${masqueradeMark} == 0 return`,
          `meta mark set meta mark xor ${masqueradeMark}`,
          'masquerade fully-random',
        ],
      },
    ],
    ['filter-input', { hook: 'type filter hook input priority -110;', rules: reject }],
    ['filter-forward', { hook: 'type filter hook forward priority -110;', rules: reject }],
    ['filter-output', { hook: 'type filter hook output priority -110;', rules: reject }],
  ])
}

/** Chain names take 128 characters of letters, digits and a few signs: the port's id is shortened to a hash. */
function chainName(kind: string, id: string, protocol: string): string {
  const hash = createHash('sha256').update(`${protocol} ${id}`).digest('hex').slice(0, 12)
  const readable = id.replace(/[^a-zA-Z0-9]+/g, '-').slice(0, 80)
  return `${kind}-${hash}-${readable}`
}

function addPort(draft: Draft, port: ServicePort, ip: string, address: string, podCidr: string | undefined): void {
  const elements = (set: string) => draft.sets.get(set)!.elements!
  const { id, protocol } = port
  const vip = (address: string) => `${address} . ${protocol} . ${port.port}`
  const internal = chainName('svc', id, protocol)
  const external = chainName('ext', id, protocol)

  if (port.backends.length) {
    addBackends(draft, port, port.backends, internal, { ip, address })
    const fromOutside = podCidr ? [`${ip} saddr != ${podCidr} jump mark-for-masquerade`] : []
    const chain = draft.chains.get(internal)!
    draft.chains.set(internal, { rules: [...fromOutside, ...chain.rules] })
    for (const clusterIp of port.clusterIps) elements('service-ips').set(vip(clusterIp), `goto ${internal}`)
  } else {
    const verdict = port.anywhere ? 'drop' : 'goto reject-all'
    for (const clusterIp of port.clusterIps) elements('no-endpoint-services').set(vip(clusterIp), verdict)
  }
  if (!port.externalIps.length && !port.nodePort) return
  addExternal(draft, port, { internal, external, ip, address, podCidr })
}

interface Names {
  readonly internal: string
  readonly external: string
  readonly ip: string
  readonly address: string
  readonly podCidr: string | undefined
}

function addExternal(draft: Draft, port: ServicePort, { internal, external, ip, address, podCidr }: Names): void {
  const elements = (set: string) => draft.sets.get(set)!.elements!
  const { protocol, nodePort } = port
  const vips = port.externalIps.map(externalIp => `${externalIp} . ${protocol} . ${port.port}`)
  if (port.externalBackends.length === 0) {
    // Local and nobody here: dropped, so that a client behind a balancer tries elsewhere instead of giving up.
    const verdict = port.externalLocal && port.anywhere ? 'drop' : 'goto reject-all'
    for (const vip of vips) elements('no-endpoint-services').set(vip, verdict)
    if (nodePort) elements('no-endpoint-nodeports').set(`${protocol} . ${nodePort}`, verdict)
    return
  }
  if (port.externalLocal) {
    const local = chainName('local', port.id, protocol)
    addBackends(draft, port, port.externalBackends, local, { ip, address })
    // Pods, and the node itself, reach all backends by the short way, as if they had asked the cluster IP.
    const short = port.backends.length
      ? [
          ...(podCidr ? [`${ip} saddr ${podCidr} goto ${internal}`] : []),
          `fib saddr type local jump mark-for-masquerade`,
          `fib saddr type local goto ${internal}`,
        ]
      : []
    draft.chains.set(external, { rules: [...short, `goto ${local}`] })
  } else {
    draft.chains.set(external, { rules: ['jump mark-for-masquerade', `goto ${internal}`] })
  }
  for (const vip of vips) elements('service-ips').set(vip, `goto ${external}`)
  if (port.sourceRanges.length && port.loadBalancerIps.length) {
    const guard = chainName('fw', port.id, protocol)
    const ranges = `${ip} saddr != { ${port.sourceRanges.join(', ')} } drop`
    draft.chains.set(guard, { rules: [ranges, `goto ${external}`] })
    const guarded = port.loadBalancerIps.map(address => `${address} . ${protocol} . ${port.port}`)
    for (const vip of guarded) elements('service-ips').set(vip, `goto ${guard}`)
  }
  if (nodePort) elements('service-nodeports').set(`${protocol} . ${nodePort}`, `goto ${external}`)
}

/** A chain that chooses among backends: who was served before by affinity, else by chance. */
function addBackends(
  draft: Draft,
  port: ServicePort,
  backends: readonly Backend[],
  chain: string,
  { ip, address }: { readonly ip: string; readonly address: string },
): void {
  const sticky: string[] = []
  const chosen = backends.map((backend, i) => {
    const name = chainName('ep', `${port.id}/${backend.ip}:${backend.port}`, port.protocol)
    draft.sets.get('hairpins')!.elements!.set(`${backend.ip} . ${backend.ip}`, '')
    const rules = [`meta l4proto ${port.protocol} dnat to ${target(backend)}`]
    if (port.affinity !== undefined) {
      const set = name.replace(/^ep/, 'aff')
      const declaration = `{ type ${address}; flags dynamic, timeout; timeout ${port.affinity}s; }`
      draft.sets.set(set, { kind: 'set', declaration })
      rules.unshift(`update @${set} { ${ip} saddr }`)
      sticky.push(`${ip} saddr @${set} goto ${name}`)
    }
    draft.chains.set(name, { rules })
    return `${i} : goto ${name}`
  })
  const choice =
    backends.length === 1
      ? `goto ${chosen[0]!.split('goto ')[1]}`
      : `numgen random mod ${backends.length} vmap { ${chosen.join(', ')} }`
  draft.chains.set(chain, { rules: [...sticky, choice] })
}

function target({ ip, port }: Backend): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
