import type { Service } from '../../api/core/v1/service.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import { statusError } from '../../machinery/status-error.ts'
import type { AroundWrite, WriteHook } from '../registry/api-request.ts'
import type { Served } from '../registry/served.ts'
import type { Draft } from '../registry/strategy.ts'
import { agree } from './agree.ts'
import { Allocator } from './allocator.ts'
import { dynamicStart, ipRange } from './ip-range.ts'
import { refuse, refuseAddress } from './refuse-service.ts'
import { addressesOf, nodePortsOf, wantsAddress, wantsNodePorts } from './service-fields.ts'
import type { SharedRanges } from './shared-ranges.ts'

const usualPorts = [30000, 32767] as const

/**
 * Gives Services their addresses and node ports. What is in use follows from the stored Services; a write under way
 * holds what it takes until it is stored or has failed.
 */
export class ServiceAddresses implements WriteHook {
  readonly #range: ReturnType<typeof ipRange>
  readonly #ips: Allocator<string>
  readonly #ports: Allocator<number>
  readonly #served: Served
  readonly #firstPort: number
  readonly #lastPort: number
  #shared: SharedRanges | undefined
  #stop: (() => void) | undefined

  constructor(served: Served, cidr: string, [firstPort, lastPort]: readonly [number, number] = usualPorts) {
    this.#served = served
    this.#firstPort = firstPort
    this.#lastPort = lastPort
    this.#range = ipRange(cidr)
    this.#ips = new Allocator(this.#range)
    const size = lastPort - firstPort + 1
    this.#ports = new Allocator({ size, dynamic: dynamicStart(size, 32, 128), at: offset => firstPort + offset })
    // The first address is that of the API itself, also before its Service is there.
    this.#ips.use(this.#range.at(0))
  }

  /** The address of the `kubernetes` Service. */
  get apiAddress(): string {
    return this.#range.at(0)
  }

  /** The range that addresses are of. */
  get cidr(): string {
    return this.#range.cidr
  }

  /** From now on what is taken is agreed on with other servers. */
  share(shared: SharedRanges): void {
    this.#shared = shared
  }

  /** Learns what is in use, and follows it from then on. */
  async start(): Promise<void> {
    const { cache, prefix } = this.#served
    await cache.ready()
    cache.scan(prefix, prefix, entry => {
      this.#hold(entry.object, 'use')
      return true
    })
    this.#stop = cache.subscribe({
      change: ({ type, entry, previous }) => {
        if (type !== 'DELETED') this.#hold(entry.object, 'use')
        if (previous) this.#hold(previous.object, 'release')
      },
      lost: () => {
        this.#stop?.()
        this.#ips.clear()
        this.#ports.clear()
        this.#ips.use(this.#range.at(0))
        void this.start()
      },
    })
  }

  stop(): void {
    this.#stop?.()
  }

  before(draft: Draft<KubernetesObject>, old: KubernetesObject | undefined): AroundWrite | Promise<AroundWrite> {
    const service = draft as Draft<Service>
    const before = old as Service | undefined
    if (!this.#shared) return { over: this.#take(service, before).release }
    return this.#takeShared(this.#shared, service, before)
  }

  async #takeShared(shared: SharedRanges, service: Draft<Service>, old: Service | undefined): Promise<AroundWrite> {
    const asked = new Set([...addressesOf(service.spec), ...nodePortsOf(service.spec).map(String)])
    // What another server has just given back is free.
    if (asked.size > 0) await this.#served.cache.fresh()
    const { ips, ports, release } = this.#take(service, old)
    return agree({
      shared,
      service,
      old,
      asked,
      taken: [...ips.map(ip => ['ips', ip] as const), ...ports.map(port => ['ports', String(port)] as const)],
      another: range => (range === 'ips' ? this.#anyAddress(ips) : String(this.#anyPort(ports))),
      release,
    })
  }

  #take(service: Draft<Service>, old: Service | undefined) {
    const ips: string[] = []
    const ports: number[] = []
    const release = () => {
      for (const ip of ips.splice(0)) this.#ips.release(ip)
      for (const port of ports.splice(0)) this.#ports.release(port)
    }
    try {
      this.#takeAddress(service, old?.spec, ips)
      this.#takePorts(service, old, ports)
    } catch (error) {
      release()
      throw error
    }
    return { ips, ports, release }
  }

  #hold(object: KubernetesObject, how: 'use' | 'release'): void {
    const { spec } = object as Service
    for (const ip of addressesOf(spec)) this.#ips[how](ip)
    for (const port of nodePortsOf(spec)) this.#ports[how](port)
  }

  #takeAddress(service: Draft<Service>, old: Service['spec'] | undefined, taken: string[]): void {
    const { spec, metadata } = service
    if (spec.type === 'ExternalName') return
    spec.ipFamilyPolicy ??= 'SingleStack'
    spec.ipFamilies ??= ['IPv4']
    if (!wantsAddress(spec)) {
      spec.clusterIPs = ['None']
      return
    }
    const asked = spec.clusterIP || spec.clusterIPs?.[0]
    if (asked && !addressesOf(old).includes(asked)) {
      const api = asked === this.apiAddress && metadata.name === 'kubernetes' && metadata.namespace === 'default'
      if (!api) this.#demandFreeAddress(service, asked)
      this.#ips.use(asked)
      taken.push(asked)
    }
    const address = asked ?? this.#anyAddress(taken)
    spec.clusterIP = address
    spec.clusterIPs = [address]
  }

  #demandFreeAddress(service: Draft<Service>, asked: string): void {
    const why = !this.#range.contains(asked)
      ? `the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${this.#range.cidr}`
      : this.#ips.isUsed(asked)
        ? 'provided IP is already allocated'
        : undefined
    if (why) refuseAddress(service, asked, why)
  }

  #anyAddress(taken: string[]): string {
    const address = this.#ips.next()
    if (address === undefined) throw statusError('InternalError', 'failed to allocate a serviceIP: range is full')
    taken.push(address)
    return address
  }

  #takePorts(service: Draft<Service>, old: Service | undefined, taken: number[]): void {
    const { spec } = service
    const held = new Set(nodePortsOf(old?.spec))
    if (wantsNodePorts(spec)) this.#takePortsOf(service, held, taken)
    const local = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
    if (!local) return
    if (spec.healthCheckNodePort)
      this.#takePort(service, 'spec.healthCheckNodePort', spec.healthCheckNodePort, held, taken)
    else spec.healthCheckNodePort = this.#anyPort(taken)
  }

  #takePortsOf(service: Draft<Service>, held: ReadonlySet<number>, taken: number[]): void {
    const ports = service.spec.ports ?? []
    for (const [i, port] of ports.entries()) {
      // One number may serve TCP and UDP of the same Service.
      if (port.nodePort && !taken.includes(port.nodePort)) {
        this.#takePort(service, `spec.ports[${i}].nodePort`, port.nodePort, held, taken)
      }
    }
    for (const port of ports) {
      const sibling = ports.find(
        other => other.port === port.port && other.protocol !== port.protocol && other.nodePort,
      )
      const shared =
        sibling && !ports.some(other => other.nodePort === sibling.nodePort && other.protocol === port.protocol)
      port.nodePort ||= shared ? sibling.nodePort! : this.#anyPort(taken)
    }
  }

  #takePort(service: Draft<Service>, field: string, port: number, held: ReadonlySet<number>, taken: number[]): void {
    if (held.has(port)) return
    if (port < this.#firstPort || port > this.#lastPort) {
      const why = `provided port is not in the valid range. The range of valid ports is ${this.#firstPort}-${this.#lastPort}`
      refuse(service, fieldInvalid(field, port, why))
    }
    if (this.#ports.isUsed(port)) refuse(service, fieldInvalid(field, port, 'provided port is already allocated'))
    this.#ports.use(port)
    taken.push(port)
  }

  #anyPort(taken: number[]): number {
    const port = this.#ports.next()
    if (port === undefined) throw statusError('InternalError', 'failed to allocate a nodePort: range is full')
    taken.push(port)
    return port
  }
}
