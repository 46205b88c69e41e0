import type { Host } from '../host/host.ts'

const table = 'kobune-masquerade'

/**
 * Packets from pods to the world outside of the cluster leave with this node's address. Once per node instead of a rule
 * per pod, which is what the bridge plugin's own masquerading would make.
 */
export async function setUpMasquerade(host: Host, podCidrs: readonly string[]): Promise<void> {
  for (const cidr of podCidrs) {
    const [family, local, multicast] = cidr.includes(':')
      ? ['ip6', '::1', 'ff00::/8']
      : ['ip', '127.0.0.0/8', '224.0.0.0/4']
    const at = `${family} ${table}`
    await host.nftables.apply(
      [
        `add table ${at}`,
        `delete table ${at}`,
        `add table ${at}`,
        `add chain ${at} postrouting { type nat hook postrouting priority 110; }`,
        `add rule ${at} postrouting ${family} saddr ${cidr} ${family} daddr != { ${cidr}, ${multicast}, ${local} } masquerade fully-random`,
        '',
      ].join('\n'),
    )
  }
}

export async function removeMasquerade(host: Host): Promise<void> {
  await host.nftables.deleteTable('ip', table)
  await host.nftables.deleteTable('ip6', table)
}
