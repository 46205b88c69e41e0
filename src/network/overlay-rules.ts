/** Masquerading and forwarding for a network that spans machines, in the table that flannel has for it. */
import { type Cidr, formatCidr } from '../base/cidr.ts'
import type { Host } from '../host/host.ts'

const table = 'ip flannel-ipv4'
const forwardChain = 'FLANNEL-FWD'

/** The table's text. Whom kube-proxy has marked, it masquerades itself. */
export function overlayRules(network: Cidr, subnet: Cidr, ipMasq: boolean): string {
  const [all, own] = [formatCidr(network), formatCidr(subnet)]
  const masquerade = [
    'meta mark & 0x4000 == 0x4000 return',
    `ip saddr ${own} ip daddr ${all} return`,
    `ip saddr ${all} ip daddr ${own} return`,
    `ip saddr != ${all} ip daddr ${own} return`,
    `ip saddr ${all} ip daddr != { 127.0.0.0/8, 224.0.0.0/4 } masquerade fully-random`,
    `ip saddr != ${all} ip daddr ${all} masquerade fully-random`,
  ]
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    `add chain ${table} forward { type filter hook forward priority 0; }`,
    `add rule ${table} forward ip saddr ${all} accept`,
    `add rule ${table} forward ip daddr ${all} accept`,
    `add chain ${table} postrtg { type nat hook postrouting priority 100; }`,
    ...(ipMasq ? masquerade.map(rule => `add rule ${table} postrtg ${rule}`) : []),
    '',
  ].join('\n')
}

/** Lays the rules. A firewall that forwards nothing unless told, as Docker's, is told to let the network's packets pass. */
export async function setUpOverlayRules(host: Host, network: Cidr, subnet: Cidr, ipMasq: boolean): Promise<void> {
  await host.nftables.apply(overlayRules(network, subnet, ipMasq))
  if (!(await host.processes.find('iptables'))) return
  const { stdout } = await host.processes.run('iptables', ['-w', '5', '-S', 'FORWARD'], { okCodes: [1, 3, 4] })
  if (!stdout.startsWith('-P FORWARD DROP') || stdout.includes(`-j ${forwardChain}`)) return
  const all = formatCidr(network)
  const lines = [
    '*filter',
    `:${forwardChain} - [0:0]`,
    `-A ${forwardChain} -s ${all} -m comment --comment "flanneld forward" -j ACCEPT`,
    `-A ${forwardChain} -d ${all} -m comment --comment "flanneld forward" -j ACCEPT`,
    `-A FORWARD -m comment --comment "flanneld forward" -j ${forwardChain}`,
    'COMMIT',
    '',
  ]
  await host.processes.run('iptables-restore', ['--wait', '5', '--noflush'], { input: lines.join('\n') })
}

export async function removeOverlayRules(host: Host): Promise<void> {
  await host.nftables.deleteTable('ip', 'flannel-ipv4')
  if (!(await host.processes.find('iptables'))) return
  const { stdout } = await host.processes.run('iptables', ['-w', '5', '-S', 'FORWARD'], { okCodes: [1, 3, 4] })
  if (!stdout.includes(`-j ${forwardChain}`)) return
  const jump = ['-m', 'comment', '--comment', 'flanneld forward', '-j', forwardChain]
  for (const args of [
    ['-D', 'FORWARD', ...jump],
    ['-F', forwardChain],
    ['-X', forwardChain],
  ]) {
    await host.processes.run('iptables', ['-w', '5', ...args], { okCodes: [1] })
  }
}
