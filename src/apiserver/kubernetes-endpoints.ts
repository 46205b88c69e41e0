/** The addresses of the Service `kubernetes`: those of the API servers that are there. */
import { endpoints } from '../api/core/v1/endpoints.ts'
import { endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { isConflict, isNotFound } from '../machinery/status-error.ts'
import type { Storage } from '../storage/storage.ts'
import { ensure } from './bootstrap-objects.ts'
import type { JsonObject } from './cache/json.ts'
import type { Registry } from './registry/api-request.ts'
import { remove } from './registry/commit.ts'

export interface ServerPlace {
  readonly address: string
  readonly port: number
}

/** Upstream's: where each server says that it is there, until it says so no more. */
const leasePrefix = '/registry/masterleases/'
/** Seconds that a lease lasts, and milliseconds between renewals. */
const lifetime = 15
const renewal = 5_000
const retryAfter = 1_000
const attempts = 10

/** Writes Endpoints and EndpointSlices for these servers; servers at different ports are in different slices. */
export async function writeKubernetesEndpoints(registry: Registry, servers: readonly ServerPlace[]): Promise<void> {
  const byPort = new Map<number, string[]>()
  for (const { address, port } of servers) byPort.set(port, [...(byPort.get(port) ?? []), address])
  const groups = [...byPort].sort(([a], [b]) => a - b)
  const portsOf = (port: number) => [{ name: 'https', port, protocol: 'TCP' }]
  const name = 'kubernetes'
  await ensure(registry, endpoints, 'default', {
    metadata: { name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: groups.map(([port, ips]) => ({ addresses: ips.map(ip => ({ ip })), ports: portsOf(port) })),
  })
  const slices = groups.map(
    ([port, ips], i): JsonObject => ({
      metadata: { name: i === 0 ? name : `${name}-${port}`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: ips.map(ip => ({ addresses: [ip], conditions: { ready: true } })),
      ports: portsOf(port),
    }),
  )
  await Promise.all(slices.map(slice => ensure(registry, endpointSlices, 'default', slice)))
  await removeOthers(registry, new Set(slices.map(({ metadata }) => (metadata as { name: string }).name)))
}

/** Slices of ours for ports that no server has any more. */
async function removeOthers(registry: Registry, wanted: ReadonlySet<string>): Promise<void> {
  const served = registry.table.of(endpointSlices)
  const prefix = `${served.prefix}default/kubernetes-`
  const names: string[] = []
  served.cache.scan(prefix, prefix, ({ key }) => names.push(key) > 0)
  for (const key of names) {
    const entry = served.cache.get(key)
    const name = key.slice(`${served.prefix}default/`.length)
    if (entry && /^kubernetes-\d+$/.test(name) && !wanted.has(name)) await remove(served, entry)
  }
}

/**
 * Keeps this server's lease, and the endpoints at what all leases say. A server that is gone without a word is out of
 * them when its lease ends; one that stops takes its lease away first.
 */
export class KubernetesEndpoints {
  readonly #registry: Registry
  readonly #storage: Storage
  readonly #place: ServerPlace
  readonly #log: Logger
  readonly #clock: Clock
  readonly #key: string
  #cancel: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #waiting = false
  #stopped = false

  constructor(registry: Registry, storage: Storage, place: ServerPlace, log: Logger, clock: Clock = systemClock) {
    this.#registry = registry
    this.#storage = storage
    this.#place = place
    this.#log = log
    this.#clock = clock
    this.#key = `${leasePrefix}${place.address}:${place.port}`
  }

  /** Resolves when the endpoints have this server. */
  async start(): Promise<void> {
    const { feed } = this.#registry.table.of(endpoints).cache
    feed.add(leasePrefix, {
      // A lease that came or went; its renewals say nothing new.
      apply: ({ type, previous }) => {
        if (type === 'delete' || !previous) this.#soon()
      },
      reset: () => this.#soon(),
    })
    await this.#renew()
    await this.#write()
    this.#later(renewal)
  }

  /** Takes this server out at once. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    this.#registry.table.of(endpoints).cache.feed.remove(leasePrefix)
    try {
      await this.#working
      await this.#storage.delete(this.#key)
      await this.#write()
    } catch (error) {
      this.#log.warn({ error: (error as Error).message }, 'this server is in the endpoints until its lease ends')
    }
  }

  async #renew(): Promise<void> {
    await this.#storage.put(this.#key, Buffer.from(JSON.stringify(this.#place)), { ttl: lifetime })
  }

  async #write(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const { kvs } = await this.#storage.range({ prefix: leasePrefix })
      const servers = kvs.flatMap(({ value }) => readPlace(value))
      // Without any, what is there is better than nothing.
      if (servers.length === 0) return
      try {
        return await writeKubernetesEndpoints(this.#registry, servers)
      } catch (error) {
        // Other servers write the same objects at the same time.
        if (attempt === attempts || !(isConflict(error) || isNotFound(error))) throw error
      }
    }
  }

  #later(ms: number): void {
    if (this.#stopped) return
    this.#cancel()
    this.#cancel = this.#clock.after(ms, () => this.#soon(true))
  }

  /** One round after the other. */
  #soon(renew = false): void {
    if (this.#stopped || (this.#waiting && !renew)) return
    this.#waiting = true
    this.#working = this.#working.then(async () => {
      this.#waiting = false
      if (this.#stopped) return
      try {
        if (renew) await this.#renew()
        await this.#write()
        if (renew) this.#later(renewal)
      } catch (error) {
        this.#log.warn({ error: (error as Error).message }, 'the endpoints of the API servers were not written')
        this.#later(retryAfter)
      }
    })
  }
}

function readPlace(value: Uint8Array): ServerPlace[] {
  try {
    const { address, port } = JSON.parse(Buffer.from(value).toString()) as ServerPlace
    return address && port ? [{ address, port }] : []
  } catch {
    return []
  }
}
