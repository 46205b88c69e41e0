/** Connections that the kernel remembers and that lead nowhere. */
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'
import type { ServicePort } from './service-ports.ts'

const log = logger('proxy')

/**
 * UDP has no end of a connection: the kernel would send a client's packets to a backend that is gone for as long as
 * they keep coming, and to nobody while a Service had no backends.
 */
export async function forgetConnections(
  host: Host,
  before: readonly ServicePort[],
  now: readonly ServicePort[],
): Promise<void> {
  const current = new Map(now.map(port => [`${port.protocol} ${port.id}`, port]))
  for (const port of before) {
    if (port.protocol !== 'udp') continue
    const next = current.get(`${port.protocol} ${port.id}`)
    const kept = new Set((next?.backends ?? []).map(backend => backend.ip))
    const gone = port.backends.filter(backend => !kept.has(backend.ip))
    const first = port.backends.length === 0 && kept.size > 0
    for (const ip of [...port.clusterIps, ...port.externalIps]) {
      const deletions = first ? [[]] : gone.map(backend => ['--reply-src', backend.ip])
      for (const more of deletions) {
        const args = ['-D', '-p', 'udp', '--orig-dst', ip, '--dport', String(port.port), ...more]
        // Exit code 1: there was none.
        await host.processes.run('conntrack', args, { okCodes: [1] }).catch(error => {
          log.warn({ error: String(error) }, 'stale UDP connections not removed')
        })
      }
    }
  }
}
