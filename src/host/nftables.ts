/** nftables rules: whole files in, JSON out. One `nft` run is one transaction of the kernel. */
import type { Processes } from './processes.ts'

export type NftFamily = 'ip' | 'ip6' | 'inet' | 'bridge' | 'netdev'

export interface Nftables {
  /** All of it or nothing. Rules must end with a newline or `;` before `}`. */
  apply(ruleset: string): Promise<void>
  /** What `nft -j` tells of a table; empty when there is no such table. */
  list(family: NftFamily, table: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Fine if it does not exist. */
  deleteTable(family: NftFamily, table: string): Promise<void>
}

/** The rules of the network namespace this process is in. */
export function linuxNftables(processes: Processes): Nftables {
  return {
    apply: async ruleset => {
      await processes.run('nft', ['-f', '-'], { input: ruleset })
    },
    list: async (family, table) => {
      const { code, stdout } = await processes.run('nft', ['-j', 'list', 'table', family, table], { okCodes: [1] })
      if (code !== 0) return []
      return (JSON.parse(stdout) as { nftables: Record<string, unknown>[] }).nftables
    },
    // Adding first makes deleting a table that does not exist no error.
    deleteTable: async (family, table) => {
      await processes.run('nft', ['-f', '-'], {
        input: `add table ${family} ${table}\ndelete table ${family} ${table}\n`,
      })
    },
  }
}
