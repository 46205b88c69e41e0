/**
 * What goes with IPVS: it sends packets to backends, and these rules see to it that answers find back. The sets are
 * called as kube-proxy calls its ipsets.
 */
import type { Ruleset, SetDeclaration } from './ruleset.ts'
import type { Backend, ServicePort } from './service-ports.ts'

export const ipvsTable = 'kobune-ipvs'

export function ipvsRules(
  ports: readonly ServicePort[],
  { family, podCidr }: { readonly family: 4 | 6; readonly podCidr: string | undefined },
): Ruleset {
  const [ip, address] = family === 4 ? (['ip', 'ipv4_addr'] as const) : (['ip6', 'ipv6_addr'] as const)
  const service = `${address} . inet_proto . inet_service`
  const elements = {
    'KUBE-CLUSTER-IP': new Map<string, string>(),
    'KUBE-EXTERNAL-IP': new Map<string, string>(),
    'KUBE-EXTERNAL-IP-LOCAL': new Map<string, string>(),
    'KUBE-NODE-PORT': new Map<string, string>(),
    'KUBE-NODE-PORT-LOCAL': new Map<string, string>(),
    'KUBE-LOOP-BACK': new Map<string, string>(),
  }
  for (const port of ports) {
    const { protocol, externalLocal } = port
    const loop = ({ ip: at, port: to }: Backend) => `${at} . ${protocol} . ${to} . ${at}`
    for (const each of port.clusterIps) elements['KUBE-CLUSTER-IP'].set(`${each} . ${protocol} . ${port.port}`, '')
    const external = externalLocal ? elements['KUBE-EXTERNAL-IP-LOCAL'] : elements['KUBE-EXTERNAL-IP']
    for (const each of port.externalIps) external.set(`${each} . ${protocol} . ${port.port}`, '')
    const nodePorts = externalLocal ? elements['KUBE-NODE-PORT-LOCAL'] : elements['KUBE-NODE-PORT']
    if (port.nodePort) nodePorts.set(`${protocol} . ${port.nodePort}`, '')
    for (const backend of [...port.backends, ...port.externalBackends])
      elements['KUBE-LOOP-BACK'].set(loop(backend), '')
  }
  const set = (type: string, all: ReadonlyMap<string, string>): SetDeclaration => ({
    kind: 'set',
    declaration: `{ type ${type}; }`,
    elements: all,
  })
  const there = `${ip} daddr . meta l4proto . th dport`
  const here = 'fib daddr type local meta l4proto . th dport'
  const mark = 'meta mark set meta mark or 0x4000'
  const marks = [
    ...(podCidr ? [`${ip} saddr != ${podCidr} ${there} @KUBE-CLUSTER-IP ${mark}`] : []),
    `${there} @KUBE-EXTERNAL-IP ${mark}`,
    `${here} @KUBE-NODE-PORT ${mark}`,
    // Kept: who asks from outside. The node itself and its pods need an address that answers find.
    `fib saddr type local ${there} @KUBE-EXTERNAL-IP-LOCAL ${mark}`,
    `fib saddr type local ${here} @KUBE-NODE-PORT-LOCAL ${mark}`,
  ]
  return {
    family: ip,
    table: ipvsTable,
    sets: new Map([
      ...(['KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'] as const).map(
        name => [name, set(service, elements[name])] as const,
      ),
      ...(['KUBE-NODE-PORT', 'KUBE-NODE-PORT-LOCAL'] as const).map(
        name => [name, set('inet_proto . inet_service', elements[name])] as const,
      ),
      ['KUBE-LOOP-BACK', set(`${service} . ${address}`, elements['KUBE-LOOP-BACK'])] as const,
    ]),
    chains: new Map([
      ['nat-prerouting', { hook: 'type nat hook prerouting priority -100;', rules: marks }],
      ['nat-output', { hook: 'type nat hook output priority -100;', rules: marks }],
      [
        'nat-postrouting',
        {
          hook: 'type nat hook postrouting priority 100;',
          rules: [
            `${there} . ${ip} saddr @KUBE-LOOP-BACK masquerade`,
            'meta mark and 0x4000 == 0 return',
            'meta mark set meta mark xor 0x4000',
            'masquerade fully-random',
          ],
        },
      ],
    ]),
  }
}
