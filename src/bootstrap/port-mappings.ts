/** What CNI's portmap plugin leaves behind for host ports: chains and, where there were none, tables of iptables. */
import type { Host } from '../host/host.ts'

const programs = { ip: 'iptables', ip6: 'ip6tables' } as const
type Family = keyof typeof programs
const families = Object.keys(programs) as Family[]

/** The families that have a nat table of iptables; all of them where that cannot be found out. */
export async function natTables(host: Host): Promise<readonly string[]> {
  const found: string[] = []
  for (const family of families) {
    const there = await host.nftables.list(family, 'nat').then(
      entries => entries.length > 0,
      () => true,
    )
    if (there) found.push(family)
  }
  return found
}

/** Removes the plugin's chains, and the tables that were not there before if nobody put anything into them since. */
export async function removePortMappings(host: Host, tablesBefore: readonly string[]): Promise<void> {
  for (const family of families) {
    if (await host.processes.find(programs[family])) await removeChains(host, programs[family])
    if (tablesBefore.includes(family)) continue
    const entries = await host.nftables.list(family, 'nat').catch(() => [])
    if (entries.length && !entries.some(entry => 'rule' in entry)) await host.nftables.deleteTable(family, 'nat')
  }
}

/** Emptied first: the chains refer to one another. */
async function removeChains(host: Host, program: string): Promise<void> {
  const nat = (...args: readonly string[]) =>
    host.processes.run(program, ['-t', 'nat', ...args], { okCodes: [1, 2, 3, 4] })
  const lines = (await nat('-S')).stdout.split('\n')
  const chains = lines.flatMap(line => /^-N (CNI-(?:HOSTPORT|DN)-\S+)/.exec(line)?.[1] ?? [])
  for (const chain of chains) await nat('-F', chain)
  for (const line of lines) {
    if (!/^-A (?!CNI-).* -j CNI-(HOSTPORT|DN)-/.test(line)) continue
    const words = line.match(/"[^"]*"|\S+/g)!.map(word => word.replace(/^"|"$/g, ''))
    await nat('-D', ...words.slice(1))
  }
  for (const chain of chains) await nat('-X', chain)
}
