/**
 * The network between nodes, by flannel's contract: every node has a piece of it, tells the others how it is reached,
 * and keeps a way to each of them in its kernel. Machines with flannel itself take part as well.
 */
import { formatCidr } from '../base/cidr.ts'
import { type Clock, delay, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'
import { type ExternalInterface, externalInterface } from './external-interface.ts'
import { type Describe, type Lease, type LeaseSource, macOf, type OwnLease, vtepMac } from './lease.ts'
import { baseOf, type OverlayConfig, OverlayConfigError } from './net-conf.ts'
import { routeProtocol } from './overlay-plan.ts'
import { removeOverlayRules, setUpOverlayRules } from './overlay-rules.ts'
import { Peers } from './peers.ts'
import { subnetEnv, subnetFile } from './subnet-env.ts'
import { UdpRelay, udpHead } from './udp-relay.ts'
import { ensureVxlan } from './vxlan-device.ts'

export interface OverlayOptions {
  readonly host: Host
  readonly config: OverlayConfig
  readonly leases: LeaseSource
  /** Names, addresses or networks of the interface toward the other machines; default: the node's address's. */
  readonly interfaces?: readonly string[]
  readonly nodeAddress?: string | undefined
  /** What the others are told instead of the interface's address. */
  readonly publicIp?: string | undefined
  readonly subnetFile?: string
  /** Packets to the outside leave with this machine's address. */
  readonly ipMasq: boolean
  /** Attaches pods of these addresses, with packets of this size, to the machine. Absent: a CNI plugin does it. */
  readonly attach?: (podCidrs: readonly string[], mtu: number) => Promise<void>
  readonly clock?: Clock
}

export interface Overlay {
  /** The own piece is known and set up, and what the others' leases said at first is in the kernel. */
  readonly ready: Promise<OwnLease>
  /** Rejects when the configuration cannot work here. Everything else is tried again. */
  readonly failed: Promise<never>
  /** Stops following; what is in the kernel stays, so that packets go on flowing. */
  stop(): Promise<void>
}

/** How often the kernel is compared with the leases though nobody told of a change, milliseconds. */
const resync = 10_000
const log = logger('network')

export function startOverlay(options: OverlayOptions): Overlay {
  const { clock = systemClock } = options
  const stopping = new AbortController()
  const ready = Promise.withResolvers<OwnLease>()
  const failed = Promise.withResolvers<never>()
  ready.promise.catch(() => {})
  failed.promise.catch(() => {})
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        await takePart(options, ready.resolve, stopping.signal)
        log.warn('the lease of this machine is gone; acquiring another')
      } catch (error) {
        if (stopping.signal.aborted) return
        if (error instanceof OverlayConfigError) return failed.reject(error)
        log.error({ error: String(error) }, 'the network between nodes is not set up; trying again')
      }
      await delay(2_000, stopping.signal, clock).catch(() => {})
    }
  }
  const running = run()
  return {
    ready: ready.promise,
    failed: failed.promise,
    async stop() {
      stopping.abort(new Error('the network between nodes was stopped'))
      ready.reject(new Error('the network between nodes was stopped'))
      await running
    },
  }
}

/** From a lease to its end. */
async function takePart(options: OverlayOptions, ready: (own: OwnLease) => void, signal: AbortSignal): Promise<void> {
  const { host, config, leases, ipMasq, clock = systemClock } = options
  const { backend, network } = config
  if (backend.type === 'udp' && !(await host.processes.find('socat'))) throw new OverlayConfigError(noSocat)
  const external = await externalInterface(host, options)
  const own = await leases.acquire(describe(options, external), signal)
  const tunnel = backend.type === 'vxlan' ? `flannel.${backend.vni}` : undefined
  const mtu = (backend.type === 'vxlan' && backend.mtu) || external.mtu - heads[backend.type]
  await host.sysctl.set('net.ipv4.ip_forward', 1)
  // Where bridges are a module that is not loaded yet, there is no such setting.
  await host.sysctl.trySet('net.bridge.bridge-nf-call-iptables', 1)
  await setUpOverlayRules(host, network, own.subnet, ipMasq)
  await options.attach?.(own.podCidrs, mtu)
  const peers = new Peers(host, config, external, tunnel)
  const relay =
    backend.type === 'udp'
      ? await UdpRelay.start({ host, config, subnet: own.subnet, address: external.address, port: backend.port, mtu })
      : undefined

  /** All of it each time: what is as it should be is left alone. */
  const apply = async (others: readonly Lease[]) => {
    if (backend.type === 'vxlan') {
      const { vni, port, learning } = backend
      const mac = vtepMac(own.backendData) ?? macOf(own.subnet)
      const address = baseOf(own.subnet)
      const [local, link] = [external.address, external.name]
      await ensureVxlan(host, { name: tunnel!, vni, port, local, link, mac, mtu, learning, address })
    }
    if (relay) relay.lead(peers.usable(others))
    else if (backend.type !== 'alloc') await peers.apply(others)
  }

  let others: readonly Lease[] = []
  const applying = new Repeated(() => apply(others), clock, signal)
  const ended = new AbortController()
  try {
    const follow = leases.follow(
      own,
      list => {
        others = list
        applying.now()
      },
      AbortSignal.any([signal, ended.signal]),
    )
    follow.catch(() => {})
    await Promise.race([applying.first, follow])
    const file = options.subnetFile ?? subnetFile
    const text = subnetEnv({ network, subnet: own.subnet, mtu, ipMasq })
    if ((await host.files.readIfThere(file)) !== text) await host.files.write(file, text)
    await leases.up?.()
    log.info({ subnet: formatCidr(own.subnet), backend: backend.type, interface: external.name, mtu }, 'network is up')
    ready(own)
    await Promise.race([follow, ...(relay ? [relay.lost] : [])])
  } finally {
    ended.abort()
    await applying.stop()
    await relay?.stop()
  }
}

/** Bytes of each packet that the way between machines takes: for vxlan, outer Ethernet, IPv4, UDP and VXLAN headers. */
const heads = { vxlan: 50, udp: udpHead, 'host-gw': 0, alloc: 0 } as const

const noSocat =
  'network configuration: Backend.Type udp (also when Backend is missing) needs the program socat, which holds its tun ' +
  'device: apt-get install socat; better and faster: {"Type": "vxlan"}, or {"Type": "host-gw"} where machines share a link'

/** What this machine tells the others. The hardware address they know is kept. */
function describe({ config: { backend }, publicIp }: OverlayOptions, external: ExternalInterface): Describe {
  return (subnet, before) => ({
    publicIp: publicIp ?? external.address,
    backendType: backend.type,
    backendData:
      backend.type === 'vxlan'
        ? {
            VNI: backend.vni,
            VtepMAC: (before?.backendType === 'vxlan' && vtepMac(before.backendData)) || macOf(subnet),
          }
        : null,
  })
}

/** Work that is done when asked and every now and then, never twice at once; failures are tried again. */
class Repeated {
  /** Resolves after the first success. */
  readonly first: Promise<void>
  readonly #done = Promise.withResolvers<void>()
  readonly #work: () => Promise<void>
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #running: Promise<void> | undefined
  #again = false
  #cancel: (() => void) | undefined

  constructor(work: () => Promise<void>, clock: Clock, signal: AbortSignal) {
    this.#work = work
    this.#clock = clock
    this.#signal = signal
    this.first = this.#done.promise
  }

  now(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#again = true
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    let wait = resync
    while (this.#again && !this.#signal.aborted) {
      this.#again = false
      try {
        await this.#work()
        this.#done.resolve()
        wait = resync
      } catch (error) {
        log.warn({ error: String(error) }, 'ways to other nodes not set up; trying again')
        wait = 1_000
      }
    }
    this.#running = undefined
    if (!this.#signal.aborted && !this.#stopped) this.#cancel = this.#clock.after(wait, () => this.now())
  }

  #stopped = false

  async stop(): Promise<void> {
    this.#stopped = true
    this.#again = false
    this.#cancel?.()
    await this.#running
    this.#cancel?.()
  }
}

/** Takes away everything that `startOverlay` put into this machine, whatever its configuration was. */
export async function removeOverlay(host: Host, file = subnetFile): Promise<void> {
  const { stdout } = await host.processes.run('ip', ['-j', 'link', 'show'])
  for (const { ifname } of JSON.parse(stdout || '[]') as { ifname: string }[]) {
    if (/^flannel(\.\d+|0)$/.test(ifname)) await host.processes.run('ip', ['link', 'delete', ifname], { okCodes: [1] })
  }
  await host.processes.run('ip', ['route', 'flush', 'proto', routeProtocol], { okCodes: [1, 2, 255] })
  await removeOverlayRules(host)
  await host.files.remove(file)
}
