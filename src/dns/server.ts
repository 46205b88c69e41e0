/** The sockets of the DNS server: UDP with truncation, TCP with framing, both bounded. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet'

export interface DnsServer {
  readonly port: number
  stop(): Promise<void>
}

export interface DnsServerOptions {
  readonly port: number
  readonly address?: string
  readonly answer: (query: DecodedPacket) => Promise<Packet>
}

/** Without EDNS a client takes no more in one datagram (RFC 1035); with it, what it says, up to what passes unsplit. */
const plainSize = 512
const largestSize = 1232
const truncated = 1 << 9
const serverFailure = 2
const edns = { type: 'OPT', name: '.', udpPayloadSize: largestSize, flags: 0, options: [] } as unknown as Answer
/** A TCP client that says nothing is let go after this long, milliseconds. */
const idle = 10_000
const mostConnections = 512

export async function serveDns(options: DnsServerOptions): Promise<DnsServer> {
  const { port, address = '::' } = options
  const open = new Set<Socket | UdpSocket>()
  const udp = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', reuseAddr: false })
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject)
    udp.bind(port, address, resolve)
  })
  open.add(udp)
  const bound = udp.address().port
  const tcp = createServer({ allowHalfOpen: false }, socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    serveConnection(socket, options)
  })
  tcp.maxConnections = mostConnections
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject)
    tcp.listen(bound, address, resolve)
  }).catch(error => {
    udp.close()
    throw error
  })
  udp.removeAllListeners('error')
  udp.on('error', () => {})
  udp.on('message', (message, peer) => {
    const query = tryDecode(message)
    if (query?.type !== 'query') return
    const size = Math.min(largestSize, Math.max(plainSize, sizeAllowed(query)))
    void bytesFor(query, options, packet => fitted(packet, size)).then(bytes => {
      if (open.has(udp)) udp.send(bytes, peer.port, peer.address, () => {})
    })
  })
  return { port: bound, stop: () => close(udp, tcp, open) }
}

async function close(udp: UdpSocket, tcp: Server, open: Set<Socket | UdpSocket>): Promise<void> {
  open.delete(udp)
  udp.close()
  await new Promise<void>(resolve => {
    tcp.close(() => resolve())
    for (const socket of open) (socket as Socket).destroy()
  })
}

/** The answer as it is sent. A record of somebody else's that cannot be written is a failure of the server, no more. */
async function bytesFor(
  query: DecodedPacket,
  { answer }: DnsServerOptions,
  write: (packet: Packet) => Buffer,
): Promise<Buffer> {
  try {
    return write(withEdns(await answer(query), query))
  } catch {
    const { id = 0, questions = [] } = query
    return encode({ id, type: 'response', flags: serverFailure, questions })
  }
}

/** Who asks with EDNS is answered with it (RFC 6891). */
function withEdns(packet: Packet, query: DecodedPacket): Packet {
  const others = packet.additionals?.filter(record => record.type !== 'OPT') ?? []
  if (!query.additionals?.some(record => record.type === 'OPT')) return { ...packet, additionals: others }
  return { ...packet, additionals: [...others, edns] }
}

function sizeAllowed(query: DecodedPacket): number {
  const opt = query.additionals?.find(additional => additional.type === 'OPT')
  return opt?.type === 'OPT' ? (opt.udpPayloadSize ?? plainSize) : plainSize
}

/** What does not fit is left out and said so; the client then asks by TCP. */
function fitted(packet: Packet, size: number): Buffer {
  const whole = encode(packet)
  if (whole.length <= size) return whole
  const additionals = packet.additionals?.filter(record => record.type === 'OPT') ?? []
  const short = encode({ ...packet, additionals })
  if (short.length <= size) return short
  return encode({ ...packet, answers: [], authorities: [], additionals, flags: (packet.flags ?? 0) | truncated })
}

function serveConnection(socket: Socket, options: DnsServerOptions): void {
  let received = Buffer.alloc(0)
  socket.setTimeout(idle, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', async chunk => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const length = received.readUInt16BE(0)
      const query = tryDecode(received.subarray(2, 2 + length))
      received = received.subarray(2 + length)
      if (query?.type !== 'query') return socket.destroy()
      const bytes = await bytesFor(query, options, encode)
      const head = Buffer.alloc(2)
      head.writeUInt16BE(bytes.length)
      if (!socket.destroyed) socket.write(Buffer.concat([head, bytes]))
    }
  })
}

function tryDecode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
