/** Leases through etcd, under flannel's keys: `<prefix>/config`, and `<prefix>/subnets/10.5.34.0-24` with an expiry. */
import { addressAt, type Cidr, containsAddress, formatCidr, parseAddress, sizeOf } from '../base/cidr.ts'
import { type Clock, delay, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Describe, Lease, LeaseAttributes, LeaseSource, OwnLease } from './lease.ts'
import { type OverlayConfig, parseOverlayConfig } from './net-conf.ts'

interface Entry {
  readonly key: string
  readonly value: Uint8Array
  readonly modRevision: number
}

/** What of a versioned key-value store is needed; those of storage/ have it. */
export interface LeaseStore {
  get(key: string): Promise<{ readonly kv?: Entry }>
  range(options: { readonly prefix: string }): Promise<{ readonly kvs: readonly Entry[]; readonly revision: number }>
  put(
    key: string,
    value: Uint8Array,
    options: { readonly expect?: number; readonly ttl?: number },
  ): Promise<{ readonly ok: boolean; readonly revision: number }>
  watch(
    options: { readonly prefix: string; readonly from?: number },
    watcher: {
      events(events: readonly { readonly type: 'put' | 'delete'; readonly kv: Entry }[]): void
      end(error: Error): void
    },
  ): { stop(): void }
}

export interface EtcdLeasesOptions {
  readonly store: LeaseStore
  readonly config: OverlayConfig
  /** `/coreos.com/network` */
  readonly prefix: string
  /** The piece this machine had before. */
  readonly previous?: Cidr | undefined
  /** How long before its end a lease is renewed, milliseconds. Default one hour. */
  readonly renewMargin?: number
  readonly clock?: Clock
  /** From 0 to below 1; a test's own. */
  readonly random?: () => number
}

/** Seconds that a piece stays somebody's without renewal. */
const ttl = 86_400
/** A piece is chosen among so many free ones: machines that start together seldom want the same. */
const choices = 100
const tries = 10
const log = logger('network')

/** Waits for the configuration, as long as it takes. */
export async function etcdConfig(store: LeaseStore, prefix: string, signal: AbortSignal): Promise<OverlayConfig> {
  for (let asked = 0; ; asked++) {
    const { kv } = await store.get(`${prefix}/config`)
    if (kv) return parseOverlayConfig(Buffer.from(kv.value).toString(), { pieces: true })
    if (asked % 30 === 0) log.info({ key: `${prefix}/config` }, 'waiting for the network configuration in etcd')
    await delay(1_000, signal)
  }
}

export function etcdLeases(options: EtcdLeasesOptions): LeaseSource {
  const { store, config, clock = systemClock, renewMargin = 3_600_000 } = options
  const prefix = `${options.prefix}/subnets/`
  /** The revision at which our own key is as we wrote it. */
  let written = 0

  const all = async () => {
    const { kvs, revision } = await store.range({ prefix })
    return { leases: kvs.map(entry => ({ entry, lease: leaseOf(prefix, entry) })), revision }
  }
  /** Pieces in the order they are to be tried. */
  const wanted = (taken: readonly Cidr[]): Cidr[] => {
    const previous = options.previous && isFree(options.previous, config, taken) ? [options.previous] : []
    const free = freePieces(config, taken)
    const at = Math.floor((options.random ?? Math.random)() * free.length)
    return [...previous, ...free.slice(at, at + 1)]
  }
  const write = async (subnet: Cidr, told: LeaseAttributes, expect: number) => {
    const result = await store.put(keyOf(prefix, subnet), bytesOf(told), { expect, ttl })
    if (result.ok) written = result.revision
    return result.ok
  }

  return {
    async acquire(describe: Describe, signal: AbortSignal): Promise<OwnLease> {
      for (let tried = 1; tried <= tries; tried++) {
        signal.throwIfAborted()
        const { leases } = await all()
        // Who asks under its address for a piece that it has already, has been started again.
        const mine = leases.find(({ lease }) => {
          return lease && lease.publicIp === describe(lease.subnet, lease).publicIp && inRange(lease.subnet, config)
        })
        const taken = leases.map(({ lease }) => lease?.subnet).filter(subnet => subnet !== undefined)
        const subnet = mine?.lease?.subnet ?? wanted(taken)[0]
        if (!subnet) throw new Error(`no piece of ${formatCidr(config.network)} is free`)
        const told = describe(subnet, mine?.lease)
        if (await write(subnet, told, mine?.entry.modRevision ?? 0)) {
          return { ...told, subnet, podCidrs: [formatCidr(subnet)] }
        }
        log.info({ subnet: formatCidr(subnet) }, 'another machine took this piece first')
      }
      throw new Error(`no piece acquired in ${tries} tries: other machines were always faster`)
    },

    follow(own, changed, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const ownKey = keyOf(prefix, own.subnet)
      const others = new Map<string, Lease>()
      let watch: { stop(): void } | undefined
      let cancel: (() => void) | undefined

      const put = (entry: Entry) => {
        const lease = leaseOf(prefix, entry)
        if (entry.key === ownKey || !lease) return
        others.set(entry.key, lease)
      }
      const start = async () => {
        const { kvs, revision } = await store.range({ prefix })
        if (signal.aborted) return
        if (!kvs.some(({ key }) => key === ownKey)) return resolve()
        others.clear()
        for (const entry of kvs) put(entry)
        changed([...others.values()])
        watch = store.watch(
          { prefix, from: revision + 1 },
          {
            events: events => {
              for (const { type, kv } of events) {
                if (type === 'put') put(kv)
                else if (kv.key === ownKey) resolve()
                else others.delete(kv.key)
              }
              changed([...others.values()])
            },
            end: error => {
              if (signal.aborted) return
              log.warn({ error: String(error) }, 'the watch on leases ended; listing them again')
              void again()
            },
          },
        )
      }
      const again = async () => {
        while (!signal.aborted) {
          try {
            return await start()
          } catch (error) {
            log.warn({ error: String(error) }, 'leases not listed; trying again')
            await delay(1_000, signal, clock).catch(() => {})
          }
        }
      }
      const renew = async () => {
        try {
          if (!(await write(own.subnet, own, written))) return resolve()
          renewIn(ttl * 1_000 - renewMargin)
        } catch (error) {
          log.warn({ error: String(error) }, 'the lease of this machine is not renewed; trying again')
          renewIn(60_000)
        }
      }
      const renewIn = (ms: number) => {
        cancel = clock.after(ms, () => void renew())
      }
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      renewIn(ttl * 1_000 - renewMargin)
      void again()
      return promise.finally(() => {
        signal.removeEventListener('abort', stop)
        cancel?.()
        watch?.stop()
      })
    },
  }
}

/** `10.5.34.0-24` */
function keyOf(prefix: string, subnet: Cidr): string {
  return `${prefix}${formatCidr(subnet).replace('/', '-')}`
}

function leaseOf(prefix: string, { key, value }: Entry): Lease | undefined {
  // Dual-stack keys go on with `&` and the IPv6 piece.
  const [, address = '', length = ''] = /^([\d.]+)-(\d{1,2})(?:&.*)?$/.exec(key.slice(prefix.length)) ?? []
  const first = parseAddress(address)
  if (first?.family !== 4) return undefined
  let told: { PublicIP?: unknown; BackendType?: unknown; BackendData?: unknown } = {}
  try {
    told = value.length > 65_536 ? {} : JSON.parse(Buffer.from(value).toString() || '{}')
  } catch {
    // A piece that somebody reserved by hand need not say anything.
  }
  return {
    subnet: { family: 4, first: first.value, length: Number(length) },
    publicIp: String(told.PublicIP ?? ''),
    backendType: String(told.BackendType ?? ''),
    backendData: told.BackendData,
  }
}

function bytesOf({ publicIp, backendType, backendData }: LeaseAttributes): Uint8Array {
  const data = backendData === null || backendData === undefined ? {} : { BackendData: backendData }
  return Buffer.from(JSON.stringify({ PublicIP: publicIp, PublicIPv6: null, BackendType: backendType, ...data }))
}

function inRange({ first, length }: Cidr, { subnetMin, subnetMax, subnetLength }: OverlayConfig): boolean {
  return length === subnetLength && first >= subnetMin && first <= subnetMax
}

function isFree(subnet: Cidr, config: OverlayConfig, taken: readonly Cidr[]): boolean {
  const last = addressAt(subnet, -1)
  return (
    inRange(subnet, config) &&
    !taken.some(other => containsAddress(other, addressAt(subnet, 0)) || containsAddress(other, last)) &&
    !taken.some(other => containsAddress(subnet, addressAt(other, 0)))
  )
}

/** The first free pieces of the range. */
function freePieces(config: OverlayConfig, taken: readonly Cidr[]): Cidr[] {
  const { subnetMin, subnetMax, subnetLength: length } = config
  const size = sizeOf({ family: 4, length })
  const sameLength = new Set(taken.filter(cidr => cidr.length === length).map(cidr => cidr.first))
  const odd = taken.filter(cidr => cidr.length !== length)
  const free: Cidr[] = []
  for (let first = subnetMin; first <= subnetMax && free.length < choices; first += size) {
    const piece: Cidr = { family: 4, first, length }
    if (!sameLength.has(first) && isFree(piece, config, odd)) free.push(piece)
  }
  return free
}
