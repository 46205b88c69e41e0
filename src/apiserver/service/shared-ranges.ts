/** The addresses and node ports of Services where several API servers give them out. */
import type { Service } from '../../api/core/v1/service.ts'
import { type Clock, delay, systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Served } from '../registry/served.ts'
import { storageKey } from '../registry/storage-key.ts'
import { type Claim, Claims, type Owner } from './claims.ts'
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
    this.#ranges = { ips: new Claims(storage, 'serviceips'), ports: new Claims(storage, 'servicenodeports') }
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

  async release(range: RangeName, value: string, uid: string): Promise<void> {
    if (value === this.#reserved) return
    // What cannot be given back now is found by the next repair.
    await this.#ranges[range].release(value, uid).catch(() => undefined)
  }

  /** Gives back what a Service held that is no more. */
  async releaseAll({ metadata: { uid }, spec }: Service): Promise<void> {
    await Promise.all([
      ...addressesOf(spec).map(ip => this.release('ips', ip, uid)),
      ...nodePortsOf(spec).map(port => this.release('ports', String(port), uid)),
    ])
  }

  async #lives(range: RangeName, { owner, value }: Claim): Promise<boolean> {
    await this.#served.cache.fresh()
    const key = storageKey(this.#served.prefix, owner.namespace, owner.name)
    const service = this.#served.cache.get(key)?.object as Service | undefined
    return service?.metadata.uid === owner.uid && valuesOf(range, service).includes(value)
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
        const { namespace, name, uid } = service.metadata
        for (const value of valuesOf(range, service)) {
          if (value === this.#reserved || known.get(value)?.owner.uid === uid) continue
          if (!(await this.take(range, value, { namespace, name, uid }, false)))
            this.#log.warn({ service: `${namespace}/${name}`, value }, 'two Services hold the same address or port')
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

function valuesOf(range: RangeName, { spec }: Service): readonly string[] {
  return range === 'ips' ? addressesOf(spec) : nodePortsOf(spec).map(String)
}
