/** The addresses and node ports of Services, agreed on with other API servers; addresses are told as IPAddress objects. */
import type { Service } from '../../api/core/v1/service.ts'
import { type Clock, delay, systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Served } from '../registry/served.ts'
import { storageKey } from '../registry/storage-key.ts'
import { addressClaims } from './address-claims.ts'
import { type Claim, Claims, type Owner, same } from './claims.ts'
import { addressesOf, nodePortsOf } from './service-fields.ts'

export type RangeName = 'ips' | 'ports'

/** Milliseconds between looks at claims whose Service may be on its way out, and how often. */
const lookAgain = 150
const looks = 8
/** Milliseconds between repairs. */
const repairEvery = 60_000

export class SharedRanges {
  readonly #served: Served
  readonly #ranges: Readonly<Record<RangeName, Claims>>
  readonly #log: Logger
  readonly #clock: Clock
  /** Nobody claims it: every server knows whose it is. */
  readonly #reserved: string
  /** Claims without a Service, as the last repair saw them. */
  #orphans = new Map<string, number>()
  #cancel: () => void = () => undefined
  #stopped = false

  constructor(served: Served, storage: Storage, reserved: string, log: Logger, clock: Clock = systemClock) {
    this.#served = served
    this.#ranges = {
      ips: addressClaims(storage),
      ports: new Claims(storage, '/registry/ranges/claims/servicenodeports/'),
    }
    this.#reserved = reserved
    this.#log = log
    this.#clock = clock
    served.removed = object => this.releaseAll(object as Service)
  }

  /** Claims what Services hold; resolves when that is done the first time. */
  async start(): Promise<void> {
    await this.#repair()
    this.#later()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  /** Whether a value is now the owner's. `wait`: for a Service that is just going. */
  async take(range: RangeName, value: string, owner: Owner, wait: boolean): Promise<boolean> {
    if (value === this.#reserved) return true
    const claims = this.#ranges[range]
    for (let look = 1; ; look += 1) {
      const held = await claims.take(value, owner)
      if (!held) return true
      if (!wait || look === looks || (await this.#lives(range, held))) return false
      await delay(lookAgain)
    }
  }

  async release(range: RangeName, value: string, owner: Owner): Promise<void> {
    if (value === this.#reserved) return
    // What cannot be given back now is found by the next repair.
    await this.#ranges[range].release(value, owner).catch(() => undefined)
  }

  /** Claims the address of the API for its Service, which every server makes; resolves when that is done. */
  async keepReserved(): Promise<void> {
    const { cache, prefix } = this.#served
    await cache.fresh()
    const service = cache.get(storageKey(prefix, 'default', 'kubernetes'))?.object as Service | undefined
    if (service) await this.#ranges.ips.take(this.#reserved, ownerOf(service))
  }

  /** Gives back what a Service held that is no more. */
  async releaseAll(service: Service): Promise<void> {
    const owner = ownerOf(service)
    await Promise.all([
      ...addressesOf(service.spec).map(ip => this.release('ips', ip, owner)),
      ...nodePortsOf(service.spec).map(port => this.release('ports', String(port), owner)),
    ])
  }

  async #lives(range: RangeName, { owner, value }: Claim): Promise<boolean> {
    if (owner.foreign) return true
    await this.#served.cache.fresh()
    const key = storageKey(this.#served.prefix, owner.namespace, owner.name)
    const service = this.#served.cache.get(key)?.object as Service | undefined
    return service !== undefined && same(ownerOf(service), owner) && valuesOf(range, service).includes(value)
  }

  async #repair(): Promise<void> {
    const { cache, prefix } = this.#served
    const claimed = await Promise.all([this.#ranges.ips.list(), this.#ranges.ports.list()])
    await cache.fresh()
    const services: Service[] = []
    cache.scan(prefix, prefix, ({ object }) => services.push(object as Service) > 0)
    const orphans = new Map<string, number>()
    for (const [i, range] of (['ips', 'ports'] as const).entries()) {
      const known = new Map(claimed[i]!.map(claim => [claim.value, claim]))
      for (const service of services) {
        const owner = ownerOf(service)
        for (const value of valuesOf(range, service)) {
          const held = known.get(value)
          if (value === this.#reserved || (held && same(held.owner, owner))) continue
          if (!(await this.take(range, value, owner, false))) {
            const { namespace, name } = owner
            this.#log.warn({ service: `${namespace}/${name}`, value }, 'somebody else holds an address or port, too')
          }
        }
      }
      for (const claim of known.values()) {
        if (await this.#lives(range, claim)) continue
        const id = `${range} ${claim.value}`
        // Its Service may be on its way into the store: only what was so the last time, too.
        if (this.#orphans.get(id) === claim.revision) await this.#ranges[range].remove(claim)
        else orphans.set(id, claim.revision)
      }
    }
    this.#orphans = orphans
    await this.keepReserved()
  }

  #later(): void {
    if (this.#stopped) return
    this.#cancel = this.#clock.after(repairEvery, () => {
      void this.#repair()
        .catch(error => this.#log.warn({ error: (error as Error).message }, 'claims of Services were not looked at'))
        .finally(() => this.#later())
    })
  }
}

function ownerOf({ metadata: { namespace = '', name, uid } }: Service): Owner {
  return { namespace, name, uid }
}

function valuesOf(range: RangeName, { spec }: Service): readonly string[] {
  return range === 'ips' ? addressesOf(spec) : nodePortsOf(spec).map(String)
}
