/** flannel's oldest way between machines: packets in UDP datagrams, moved by this process. Slow, and works anywhere. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type Cidr, formatCidr } from '../base/cidr.ts'
import { logger } from '../base/log.ts'
import type { Host } from '../host/host.ts'
import { openTun, type Tun } from '../host/tun.ts'
import type { Lease } from './lease.ts'
import { baseOf, type OverlayConfig } from './net-conf.ts'

export interface UdpRelayOptions {
  readonly host: Host
  readonly config: OverlayConfig
  readonly subnet: Cidr
  /** Where datagrams of others come in. */
  readonly address: string
  readonly port: number
  readonly mtu: number
}

/** The tunnel's interface. */
export const udpInterface = 'flannel0'
/** Outer IPv4 and UDP headers. */
export const udpHead = 28

const log = logger('network')

export class UdpRelay {
  readonly #tun: Tun
  readonly #socket: Socket
  readonly #port: number
  /** Prefix length -> first address of a piece -> its machine. */
  #ways: ReadonlyMap<number, ReadonlyMap<number, string>> = new Map()
  #peers: ReadonlySet<string> = new Set()

  private constructor(tun: Tun, socket: Socket, port: number) {
    this.#tun = tun
    this.#socket = socket
    this.#port = port
    socket.on('message', (bytes, from) => {
      if (this.#peers.has(from.address) && isV4(bytes)) tun.send(bytes)
    })
  }

  /** Opens the tunnel and its socket, and leads the network into it. */
  static async start({ host, config, subnet, address, port, mtu }: UdpRelayOptions): Promise<UdpRelay> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
    socket.bind(port, address)
    await once(socket, 'listening')
    socket.on('error', error => log.warn({ error: String(error) }, 'datagrams between nodes are lost'))
    let relay: UdpRelay | undefined
    try {
      const packet = (bytes: Uint8Array) => relay?.forward(bytes)
      const tun = await openTun(host.processes, { name: udpInterface, address: `${baseOf(subnet)}/32`, mtu, packet })
      relay = new UdpRelay(tun, socket, port)
      const all = formatCidr(config.network)
      await host.processes.run('ip', ['route', 'replace', all, 'dev', udpInterface, 'src', baseOf(subnet)])
      return relay
    } catch (error) {
      await (relay ? relay.stop() : new Promise<void>(resolve => socket.close(() => resolve())))
      throw error
    }
  }

  /** Resolves when the tunnel is gone. */
  get lost(): Promise<void> {
    return this.#tun.lost
  }

  lead(peers: readonly Lease[]): void {
    const ways = new Map<number, Map<number, string>>()
    for (const { subnet, publicIp } of peers) {
      const same = ways.get(subnet.length) ?? new Map<number, string>()
      ways.set(subnet.length, same.set(Number(subnet.first), publicIp))
    }
    this.#ways = ways
    this.#peers = new Set(peers.map(peer => peer.publicIp))
  }

  /** To the machine whose piece the packet is for; what is for nobody is dropped. */
  forward(bytes: Uint8Array): void {
    if (!isV4(bytes)) return
    const to = new DataView(bytes.buffer, bytes.byteOffset).getUint32(16)
    for (const [length, same] of this.#ways) {
      const at = same.get((to & (-1 << (32 - length))) >>> 0)
      if (!at) continue
      this.#socket.send(bytes, this.#port, at, () => {})
      return
    }
  }

  async stop(): Promise<void> {
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
    await this.#tun.close()
  }
}

const isV4 = (bytes: Uint8Array) => bytes.length >= 20 && bytes[0]! >> 4 === 4
