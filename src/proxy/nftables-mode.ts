/** Services as one nftables table per family, changed by difference in one transaction. */
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'
import type { ModeOptions, ProxyMode } from './mode.ts'
import { changeScript, fullScript, type Ruleset } from './ruleset.ts'
import { serviceRules, tableName } from './service-rules.ts'

const log = logger('proxy')

export function nftablesMode({ host, podCidrs }: ModeOptions): ProxyMode {
  const applied = new Map<4 | 6, Ruleset>()
  return {
    async apply(family, ports) {
      const podCidr = podCidrs.find(cidr => cidr.includes(':') === (family === 6))
      const wanted = serviceRules(ports, { family, podCidr })
      const before = applied.get(family)
      const script = before ? changeScript(before, wanted) : fullScript(wanted)
      if (script) await lay(host, script, before && wanted)
      applied.set(family, wanted)
    },
  }
}

/** What somebody else changed makes a small change fail: then everything is laid anew. */
async function lay(host: Host, script: string, whole: Ruleset | undefined): Promise<void> {
  try {
    await host.nftables.apply(script)
  } catch (error) {
    if (!whole) throw error
    log.warn({ error: String(error) }, 'the rules are not as they were left; laying them anew')
    await host.nftables.apply(fullScript(whole))
  }
}

export async function removeNftablesRules(host: Host): Promise<void> {
  await host.nftables.deleteTable('ip', tableName)
  await host.nftables.deleteTable('ip6', tableName)
}
