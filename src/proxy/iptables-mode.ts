/** Services as iptables rules, by whichever of its two forms `iptables` is on this machine. */
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'
import { fixedChains, type IptablesRules, iptablesRules, jumps, ownChain } from './iptables-rules.ts'
import { restoreScript, savedChains } from './iptables-script.ts'
import type { ModeOptions, ProxyMode } from './mode.ts'
import { ProxyModeError } from './mode-error.ts'

const log = logger('proxy')
const programs = { 4: 'iptables', 6: 'ip6tables' } as const
const families = [4, 6] as const
const tables = ['filter', 'nat'] as const
/** Seconds to wait for other programs that change rules. */
const patience = ['-w', '10']

export function iptablesMode({ host, podCidrs }: ModeOptions): ProxyMode {
  const applied = new Map<4 | 6, IptablesRules>()
  return {
    async prepare() {
      for (const program of ['iptables', 'iptables-restore', 'iptables-save']) {
        if (await host.processes.find(program)) continue
        throw new ProxyModeError(
          `mode iptables needs the program ${program}: apt-get install iptables, or choose mode nftables`,
        )
      }
    },
    async apply(family, ports) {
      const podCidr = podCidrs.find(cidr => cidr.includes(':') === (family === 6))
      const wanted = iptablesRules(ports, { family, podCidr })
      const before = applied.get(family)
      const script = before && restoreScript(before, wanted)
      // Asked without a change: it is looked whether the rules are still there.
      if (script === '' && (await intact(host, family))) return
      if (script) {
        try {
          await restore(host, family, script)
          applied.set(family, wanted)
          return
        } catch (error) {
          log.warn({ error: String(error) }, 'the rules are not as they were left; laying them anew')
        }
      }
      applied.delete(family)
      await restore(host, family, restoreScript(await leftovers(host, family, wanted), wanted))
      for (const [table, chain, rule] of jumps) await ensureJump(host, family, table, chain, rule)
      applied.set(family, wanted)
    },
    resync: true,
  }
}

async function restore(host: Host, family: 4 | 6, input: string): Promise<void> {
  if (input) await host.processes.run(`${programs[family]}-restore`, ['--noflush', ...patience], { input })
}

/** Chains of ports and backends that an earlier process left, as if they had one rule that nobody wants. */
async function leftovers(host: Host, family: 4 | 6, wanted: IptablesRules): Promise<IptablesRules> {
  const { stdout } = await host.processes.run(`${programs[family]}-save`, ['-t', 'nat'])
  const old = savedChains(stdout, 'nat').filter(name => ownChain.test(name) && !wanted.nat.has(name))
  return { nat: new Map(old.map(name => [name, []])), filter: new Map() }
}

/** First in its chain, before others' rules. */
async function ensureJump(host: Host, family: 4 | 6, table: string, chain: string, rule: readonly string[]) {
  const at = (verb: string) => [...patience, '-t', table, verb, chain, ...rule]
  const { code } = await host.processes.run(programs[family], at('-C'), { okCodes: [1, 2] })
  if (code !== 0) await host.processes.run(programs[family], at('-I'))
}

/** Programs that reload a firewall take our chains along; one that nothing leads to tells of it. */
async function intact(host: Host, family: 4 | 6): Promise<boolean> {
  for (const table of tables) {
    const args = [...patience, '-t', table, '-S', 'KUBE-PROXY-CANARY']
    if ((await host.processes.run(programs[family], args, { okCodes: [1, 2, 3] })).code !== 0) return false
  }
  return true
}

/** Removes the chains of Services, ours or those of another kube-proxy, from both forms of iptables. */
export async function removeIptablesRules(host: Host): Promise<void> {
  for (const family of families) {
    for (const form of ['', '-nft', '-legacy']) {
      const program = programs[family].replace('tables', `tables${form}`)
      if (!(await host.processes.find(`${program}-save`))) continue
      await removeFrom(host, program)
    }
  }
}

async function removeFrom(host: Host, program: string): Promise<void> {
  const okCodes = [1, 2, 3, 4]
  const { stdout } = await host.processes.run(`${program}-save`, [], { okCodes })
  for (const table of tables) {
    const chains = savedChains(stdout, table).filter(
      name => ownChain.test(name) || (fixedChains[table] as readonly string[]).includes(name),
    )
    if (chains.length === 0) continue
    for (const [of, chain, rule] of jumps) {
      if (of === table) await host.processes.run(program, [...patience, '-t', table, '-D', chain, ...rule], { okCodes })
    }
    const lines = [
      `*${table}`,
      ...chains.map(name => `:${name} - [0:0]`),
      ...chains.map(name => `-X ${name}`),
      'COMMIT',
    ]
    await host.processes.run(`${program}-restore`, ['--noflush', ...patience], { input: `${lines.join('\n')}\n` })
  }
}
