/** Keeps the machine's nftables rules equal to the Services of the cluster. */
import { services } from '../api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { Backoff } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { InformerSet } from '../client/informer.ts'
import type { Host } from '../host/host.ts'
import { changeScript, fullScript, type Ruleset } from './ruleset.ts'
import { type ServicePort, servicePorts } from './service-ports.ts'
import { serviceRules, tableName } from './service-rules.ts'

export interface ProxyOptions {
  readonly host: Host
  readonly informers: InformerSet
  readonly nodeName: string
  /** The network of all pods, per family. */
  readonly podCidrs: readonly string[]
  readonly clock?: Clock
}

export interface Proxy {
  /** Resolves when the first rules are in place. */
  readonly ready: Promise<void>
  /** Stops following; the rules stay, so that connections and Services go on. */
  stop(): Promise<void>
}

/** Changes that come together are applied together, milliseconds. */
const settle = 10
const byService = 'byService'
const log = logger('proxy')

export function startProxy(options: ProxyOptions): Proxy {
  const { informers, clock = systemClock } = options
  const slices = informers.of(endpointSlices)
  slices.index(byService, slice => [
    `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name']}`,
  ])
  const families = ([4, 6] as const).map(family => new FamilyRules(options, family))
  const ready = Promise.withResolvers<void>()
  const backoff = new Backoff<''>({ first: 100, most: 30_000 })
  let stopped = false
  let cancel: (() => void) | undefined
  let applying: Promise<void> = Promise.resolve()

  const schedule = (ms: number) => {
    if (stopped || cancel) return
    cancel = clock.after(ms, () => {
      cancel = undefined
      applying = applying.then(sync)
    })
  }
  const sync = async () => {
    try {
      await Promise.all([slices.synced, informers.of(services).synced])
      for (const family of families) await family.sync()
      backoff.forget('')
      ready.resolve()
    } catch (error) {
      if (stopped) return
      log.warn({ error: String(error) }, 'Service rules not applied; trying again')
      schedule(backoff.next(''))
    }
  }
  const changed = () => schedule(settle)
  const handler = { added: changed, updated: changed, deleted: changed }
  const offs = [slices.on(handler), informers.of(services).on(handler)]
  schedule(0)
  ready.promise.catch(() => {})
  return {
    ready: ready.promise,
    async stop() {
      stopped = true
      for (const off of offs) off()
      cancel?.()
      ready.reject(new Error('the proxy was stopped'))
      await applying
    },
  }
}

/** Takes the rules away. */
export async function removeServiceRules(host: Host): Promise<void> {
  await host.nftables.deleteTable('ip', tableName)
  await host.nftables.deleteTable('ip6', tableName)
}

class FamilyRules {
  readonly #options: ProxyOptions
  readonly #family: 4 | 6
  #applied: Ruleset | undefined
  #ports: readonly ServicePort[] = []

  constructor(options: ProxyOptions, family: 4 | 6) {
    this.#options = options
    this.#family = family
  }

  async sync(): Promise<void> {
    const { host, informers, nodeName, podCidrs } = this.#options
    const slices = informers.of(endpointSlices)
    const ports = servicePorts({
      services: informers.of(services).list(),
      slicesOf: ({ metadata }) =>
        slices.byIndex(byService, `${metadata.namespace}/${metadata.name}`) as EndpointSlice[],
      nodeName,
      family: this.#family,
    })
    // A cluster without IPv6 Services leaves IPv6 alone.
    if (this.#family === 6 && ports.length === 0 && !this.#applied) return
    const podCidr = podCidrs.find(cidr => cidr.includes(':') === (this.#family === 6))
    const wanted = serviceRules(ports, { family: this.#family, podCidr })
    const script = this.#applied ? changeScript(this.#applied, wanted) : fullScript(wanted)
    if (script) await this.#apply(script, wanted)
    this.#applied = wanted
    const before = this.#ports
    this.#ports = ports
    await forgetConnections(host, before, ports)
  }

  /** What somebody else changed makes a small change fail: then everything is laid anew. */
  async #apply(script: string, wanted: Ruleset): Promise<void> {
    const { host } = this.#options
    try {
      await host.nftables.apply(script)
    } catch (error) {
      if (!this.#applied) throw error
      log.warn({ error: String(error) }, 'the rules are not as they were left; laying them anew')
      this.#applied = undefined
      await host.nftables.apply(fullScript(wanted))
    }
  }
}

/**
 * UDP has no end of a connection: the kernel would send a client's packets to a backend that is gone for as long as
 * they keep coming, and to nobody while a Service had no backends.
 */
async function forgetConnections(
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
