/** Services as chains of iptables, under the names that kube-proxy gives them: people and other programs know those. */
import { createHash } from 'node:crypto'
import type { Backend, ServicePort } from './service-ports.ts'

/** Chain -> its rules, each as after `-A CHAIN`. */
export type IptablesChains = ReadonlyMap<string, readonly string[]>

export interface IptablesRules {
  readonly nat: IptablesChains
  readonly filter: IptablesChains
}

/** Where the kernel's own chains lead into ours. */
export const jumps: readonly (readonly [table: keyof IptablesRules, chain: string, rule: readonly string[]])[] = [
  ['filter', 'INPUT', jump('KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', true)],
  ['filter', 'INPUT', jump('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', true)],
  ['filter', 'FORWARD', jump('KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', true)],
  ['filter', 'FORWARD', jump('KUBE-SERVICES', 'kubernetes service portals', true)],
  ['filter', 'FORWARD', jump('KUBE-FORWARD', 'kubernetes forwarding rules')],
  ['filter', 'FORWARD', jump('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', true)],
  ['filter', 'OUTPUT', jump('KUBE-SERVICES', 'kubernetes service portals', true)],
  ['filter', 'OUTPUT', jump('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', true)],
  ['nat', 'PREROUTING', jump('KUBE-SERVICES', 'kubernetes service portals')],
  ['nat', 'OUTPUT', jump('KUBE-SERVICES', 'kubernetes service portals')],
  ['nat', 'POSTROUTING', jump('KUBE-POSTROUTING', 'kubernetes postrouting rules')],
]

function jump(chain: string, comment: string, onlyNew = false): readonly string[] {
  return [
    ...(onlyNew ? ['-m', 'conntrack', '--ctstate', 'NEW'] : []),
    '-m',
    'comment',
    '--comment',
    comment,
    '-j',
    chain,
  ]
}

/** Chains of one port or backend each: what of them is not wanted is removed. */
export const ownChain = /^KUBE-(SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{16}$/
/** The chains that are always there. */
export const fixedChains: Readonly<Record<keyof IptablesRules, readonly string[]>> = {
  nat: ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', 'KUBE-PROXY-CANARY'],
  filter: ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FORWARD', 'KUBE-PROXY-FIREWALL', 'KUBE-PROXY-CANARY'],
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** kube-proxy's: the first 16 letters of a hash, in base 32. */
export function chainHash(text: string): string {
  const bits = [...createHash('sha256').update(text).digest().subarray(0, 10)]
    .map(byte => byte.toString(2).padStart(8, '0'))
    .join('')
  return Array.from({ length: 16 }, (_, i) => base32[Number.parseInt(bits.slice(5 * i, 5 * i + 5), 2)]).join('')
}

interface Draft {
  readonly nat: Map<string, string[]>
  readonly filter: Map<string, string[]>
  readonly podCidr: string | undefined
}

/** The rules for these ports. */
export function iptablesRules(
  ports: readonly ServicePort[],
  { family, podCidr }: { readonly family: 4 | 6; readonly podCidr: string | undefined },
): IptablesRules {
  const chains = (names: readonly string[]) => new Map<string, string[]>(names.map(name => [name, []]))
  const draft: Draft = { nat: chains(fixedChains.nat), filter: chains(fixedChains.filter), podCidr }
  for (const port of ports) addPort(draft, port)
  const loopback = family === 4 ? '127.0.0.0/8' : '::1/128'
  // Last: whatever is no Service's address may be a node's.
  const local = `! -d ${loopback} -m addrtype --dst-type LOCAL`
  add(draft.nat, 'KUBE-SERVICES', `${local} ${say('kubernetes service nodeports')} -j KUBE-NODEPORTS`)
  add(draft.nat, 'KUBE-MARK-MASQ', '-j MARK --or-mark 0x4000')
  add(draft.nat, 'KUBE-POSTROUTING', '-m mark ! --mark 0x4000/0x4000 -j RETURN')
  add(draft.nat, 'KUBE-POSTROUTING', '-j MARK --xor-mark 0x4000')
  const masquerade = `${say('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`
  add(draft.nat, 'KUBE-POSTROUTING', masquerade)
  // Packets that belong to no connection would leave with the backend's own address, and the client would reset.
  add(draft.filter, 'KUBE-FORWARD', '-m conntrack --ctstate INVALID -j DROP')
  add(draft.filter, 'KUBE-FORWARD', `${say('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT`)
  const conntrack = say('kubernetes forwarding conntrack rule')
  add(draft.filter, 'KUBE-FORWARD', `${conntrack} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`)
  return draft
}

const say = (comment: string) => `-m comment --comment "${comment}"`

function add(chains: Map<string, string[]>, chain: string, ...rules: readonly string[]): void {
  const there = chains.get(chain)
  if (there) there.push(...rules)
  else chains.set(chain, [...rules])
}

function addPort(draft: Draft, port: ServicePort): void {
  const { id, protocol, externalIps, nodePort, backends, externalBackends } = port
  const hash = chainHash(id + protocol)
  const to = (ip: string) => `-m ${protocol} -p ${protocol} -d ${ip} --dport ${port.port}`
  const node = `-m ${protocol} -p ${protocol} --dport ${nodePort}`
  const [service, external] = [`KUBE-SVC-${hash}`, `KUBE-EXT-${hash}`]

  if (backends.length) addBackends(draft, port, backends, service)
  for (const ip of port.clusterIps) {
    const about = say(`${id} cluster IP`)
    if (backends.length === 0) {
      add(draft.filter, 'KUBE-SERVICES', `${about} ${to(ip)} -j ${port.anywhere ? 'DROP' : 'REJECT'}`)
      continue
    }
    add(draft.nat, 'KUBE-SERVICES', `${about} ${to(ip)} -j ${service}`)
    const outside = draft.podCidr ? `! -s ${draft.podCidr} ` : ''
    if (outside) draft.nat.get(service)!.unshift(`${about} ${outside}${to(ip)} -j KUBE-MARK-MASQ`)
  }
  if (externalBackends.length === 0) {
    // Local and nobody here: dropped, so that a client behind a balancer tries elsewhere instead of giving up.
    const verdict = port.externalLocal && port.anywhere ? 'DROP' : 'REJECT'
    for (const ip of externalIps) {
      add(draft.filter, 'KUBE-EXTERNAL-SERVICES', `${say(`${id} has no endpoints`)} ${to(ip)} -j ${verdict}`)
    }
    const about = `${say(`${id} has no endpoints`)} -m addrtype --dst-type LOCAL`
    if (nodePort) add(draft.filter, 'KUBE-EXTERNAL-SERVICES', `${about} ${node} -j ${verdict}`)
    return
  }
  if (externalIps.length === 0 && !nodePort) return
  addExternal(draft, port, service, external)
  for (const ip of externalIps) {
    const balanced = port.loadBalancerIps.includes(ip)
    const guarded = balanced && port.sourceRanges.length > 0
    const about = say(`${id} ${balanced ? 'loadbalancer' : 'external'} IP`)
    add(draft.nat, 'KUBE-SERVICES', `${about} ${to(ip)} -j ${guarded ? `KUBE-FW-${hash}` : external}`)
    if (guarded) {
      add(
        draft.filter,
        'KUBE-PROXY-FIREWALL',
        `${say(`${id} traffic not accepted by KUBE-FW-${hash}`)} ${to(ip)} -j DROP`,
      )
    }
  }
  if (port.sourceRanges.length && port.loadBalancerIps.length) {
    for (const range of port.sourceRanges) {
      add(draft.nat, `KUBE-FW-${hash}`, `${say(`${id} loadbalancer IP`)} -s ${range} -j ${external}`)
    }
  }
  if (nodePort) add(draft.nat, 'KUBE-NODEPORTS', `${say(id)} ${node} -j ${external}`)
}

/** What comes from outside the cluster. */
function addExternal({ nat, podCidr, ...rest }: Draft, port: ServicePort, service: string, external: string): void {
  const { id } = port
  if (!port.externalLocal) {
    add(nat, external, `${say(`masquerade traffic for ${id} external destinations`)} -j KUBE-MARK-MASQ`)
    add(nat, external, `-j ${service}`)
    return
  }
  const here = external.replace('KUBE-EXT', 'KUBE-SVL')
  addBackends({ nat, podCidr, ...rest }, port, port.externalBackends, here)
  // Pods, and the node itself, reach all backends by the short way, as if they had asked the cluster IP.
  if (port.backends.length) {
    if (podCidr) add(nat, external, `${say(`pod traffic for ${id} external destinations`)} -s ${podCidr} -j ${service}`)
    const local = '-m addrtype --src-type LOCAL'
    add(nat, external, `${say(`masquerade LOCAL traffic for ${id} external destinations`)} ${local} -j KUBE-MARK-MASQ`)
    add(nat, external, `${say(`route LOCAL traffic for ${id} external destinations`)} ${local} -j ${service}`)
  }
  add(nat, external, `-j ${here}`)
}

/** A chain that chooses among backends: who was served before by affinity, else by chance. */
function addBackends({ nat }: Draft, port: ServicePort, backends: readonly Backend[], chain: string): void {
  const { id, protocol, affinity } = port
  const target = ({ ip, port }: Backend) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
  const ends = backends.map(backend => ({ backend, name: `KUBE-SEP-${chainHash(id + protocol + target(backend))}` }))
  add(nat, chain)
  if (affinity !== undefined) {
    for (const { backend, name } of ends) {
      const recent = `-m recent --name ${name} --rcheck --seconds ${affinity} --reap`
      add(nat, chain, `${say(`${id} -> ${target(backend)}`)} ${recent} -j ${name}`)
    }
  }
  for (const [i, { backend, name }] of ends.entries()) {
    const left = ends.length - i
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : ''
    add(nat, chain, `${say(`${id} -> ${target(backend)}`)} ${chance}-j ${name}`)
    const remember = affinity === undefined ? '' : `-m recent --name ${name} --set `
    nat.set(name, [
      // A pod that gets its own packet needs another sender, or it would answer itself.
      `${say(id)} -s ${backend.ip} -j KUBE-MARK-MASQ`,
      `${say(id)} ${remember}-m ${protocol} -p ${protocol} -j DNAT --to-destination ${target(backend)}`,
    ])
  }
}
