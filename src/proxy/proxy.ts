/** Keeps the machine's rules equal to the Services of the cluster. */
import { services } from '../api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { Backoff } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { InformerSet } from '../client/informer.ts'
import type { Host } from '../host/host.ts'
import { forgetConnections } from './connections.ts'
import { modes, type ProxyMode, type ProxyModeName } from './mode.ts'
import { ProxyModeError } from './mode-error.ts'
import { type ServicePort, servicePorts } from './service-ports.ts'

export interface ProxyOptions {
  readonly host: Host
  readonly informers: InformerSet
  readonly nodeName: string
  /** The network of all pods, per family. */
  readonly podCidrs: readonly string[]
  /** Default nftables. When it is given, what other modes left on the machine is removed. */
  readonly mode?: ProxyModeName
  /** For IPVS; default `rr`. */
  readonly scheduler?: string
  readonly clock?: Clock
}

export interface Proxy {
  /** Resolves when the first rules are in place; rejects with ProxyModeError when the machine cannot do the mode. */
  readonly ready: Promise<void>
  /** Stops following; the rules stay, so that connections and Services go on. */
  stop(): Promise<void>
}

/** Changes that come together are applied together, milliseconds. */
const settle = 10
/** How often it is looked whether the rules are still there, milliseconds. */
const lookAgain = 30_000
const byService = 'byService'
const log = logger('proxy')

export function startProxy(options: ProxyOptions): Proxy {
  const { host, informers, clock = systemClock } = options
  const slices = informers.of(endpointSlices)
  slices.index(byService, slice => [
    `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name']}`,
  ])
  const mode: ProxyMode = modes[options.mode ?? 'nftables'].start(options)
  const families = ([4, 6] as const).map(family => new FamilyRules(options, mode, family))
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
  const offs: (() => void)[] = []
  const begin = async () => {
    try {
      await mode.prepare?.()
    } catch (error) {
      if (error instanceof ProxyModeError) {
        log.fatal(error.message)
        return ready.reject(error)
      }
      log.warn({ error: String(error), mode: options.mode }, 'the machine is not prepared for this mode')
    }
    if (options.mode) await removeOthers(host, options.mode)
    if (stopped) return
    offs.push(slices.on(handler), informers.of(services).on(handler))
    schedule(0)
    if (mode.resync) offs.push(every(clock, lookAgain, changed))
  }
  const beginning = begin()
  ready.promise.catch(() => {})
  return {
    ready: ready.promise,
    async stop() {
      stopped = true
      await beginning
      for (const off of offs) off()
      cancel?.()
      ready.reject(new Error('the proxy was stopped'))
      await applying
    },
  }
}

/** Calls again and again; the returned function ends it. */
function every(clock: Clock, ms: number, call: () => void): () => void {
  let cancel = clock.after(ms, function again() {
    call()
    cancel = clock.after(ms, again)
  })
  return () => cancel()
}

async function removeOthers(host: Host, own: ProxyModeName): Promise<void> {
  for (const [name, { remove }] of Object.entries(modes)) {
    if (name === own) continue
    await remove(host).catch(error => log.warn({ error: String(error), mode: name }, 'rules of another mode stay'))
  }
}

class FamilyRules {
  readonly #options: ProxyOptions
  readonly #mode: ProxyMode
  readonly #family: 4 | 6
  #ports: readonly ServicePort[] = []
  #applied = false

  constructor(options: ProxyOptions, mode: ProxyMode, family: 4 | 6) {
    this.#options = options
    this.#mode = mode
    this.#family = family
  }

  async sync(): Promise<void> {
    const { host, informers, nodeName } = this.#options
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
    await this.#mode.apply(this.#family, ports)
    this.#applied = true
    const before = this.#ports
    this.#ports = ports
    await forgetConnections(host, before, ports)
  }
}
