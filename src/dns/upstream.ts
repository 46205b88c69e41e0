/** Asks the machine's own resolvers for names outside of the cluster, and remembers what they said for a while. */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { type DecodedPacket, decode, encode, streamEncode } from 'dns-packet'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Resolver } from './answer.ts'

export interface UpstreamOptions {
  /** Addresses, with a port after `#` where it is not 53. */
  readonly servers: readonly string[]
  /** Milliseconds until the next server is asked. */
  readonly timeout?: number
  readonly clock?: Clock
}

const truncated = 1 << 9
const mostCached = 10_000
/** Seconds: nothing is remembered for longer, and failures for no longer than this. */
const longestCached = 30
const shortestCached = 5

interface Cached {
  readonly packet: DecodedPacket
  readonly until: number
}

export function upstream({ servers, timeout = 2_000, clock = systemClock }: UpstreamOptions): Resolver {
  const cache = new Map<string, Cached>()
  return {
    async forward(query) {
      const [question] = query.questions!
      const key = `${question!.name.toLowerCase()} ${question!.type}`
      const known = cache.get(key)
      if (known && known.until > clock.now()) return addressed(known.packet, query)
      let failure: unknown = new Error('no upstream resolver is configured')
      // Datagrams get lost: each is asked twice, as resolvers do.
      for (const server of [...servers, ...servers]) {
        try {
          const packet = await ask(server, query, timeout)
          if (hasFailed(packet)) throw new Error(`${server} could not answer`)
          remember(cache, key, packet, clock.now())
          return addressed(packet, query)
        } catch (error) {
          failure = error
        }
      }
      throw failure
    },
  }
}

/** SERVFAIL and REFUSED say nothing about the name; another resolver may know it. */
function hasFailed({ flags = 0 }: DecodedPacket): boolean {
  const code = flags & 0xf
  return code === 2 || code === 5
}

function addressed(packet: DecodedPacket, query: DecodedPacket): DecodedPacket {
  return { ...packet, id: query.id ?? 0, questions: query.questions ?? [] } as DecodedPacket
}

function remember(cache: Map<string, Cached>, key: string, packet: DecodedPacket, now: number): void {
  const ttls = [...(packet.answers ?? []), ...(packet.authorities ?? [])].flatMap(a =>
    'ttl' in a && typeof a.ttl === 'number' ? [a.ttl] : [],
  )
  const seconds = packet.answers?.length ? Math.min(longestCached, ...ttls) : shortestCached
  cache.delete(key)
  cache.set(key, { packet, until: now + seconds * 1000 })
  if (cache.size > mostCached) cache.delete(cache.keys().next().value!)
}

async function ask(server: string, query: DecodedPacket, timeout: number): Promise<DecodedPacket> {
  const [host = '', port = '53'] = server.split('#')
  // An id of our own: the client's is easy to guess for who wants to forge an answer.
  const packet = { type: 'query' as const, id: randomInt(65_536), flags: 0x0100, questions: query.questions! }
  const answered = await askUdp({ host, port: Number(port), timeout, bytes: encode(packet), id: packet.id })
  if (!((answered.flags ?? 0) & truncated)) return answered
  return askTcp({ host, port: Number(port), timeout, bytes: streamEncode(packet), id: packet.id })
}

interface Ask {
  readonly host: string
  readonly port: number
  readonly timeout: number
  readonly bytes: Buffer
  readonly id: number
}

function askUdp({ host, port, timeout, bytes, id }: Ask): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    let over = false
    const end = (act: () => void) => {
      if (over) return
      over = true
      clearTimeout(timer)
      socket.close()
      act()
    }
    const timer = setTimeout(() => end(() => reject(new Error(`${host} does not answer`))), timeout)
    socket.on('error', error => end(() => reject(error)))
    // Connected: the kernel drops what comes from elsewhere, and tells when the port is closed.
    const connected = (error?: Error) => (error ? end(() => reject(error)) : !over && socket.send(bytes))
    socket.connect(port, host, connected as () => void)
    socket.on('message', message => {
      const packet = tryDecode(message)
      if (packet?.id === id) end(() => resolve(packet))
    })
  })
}

function askTcp({ host, port, timeout, bytes, id }: Ask): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout })
    let received = Buffer.alloc(0)
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.on('timeout', () => fail(new Error(`${host} does not answer`)))
    socket.on('error', fail)
    socket.on('end', () => fail(new Error(`${host} closed the connection`)))
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      const packet = tryDecode(received.subarray(2))
      socket.destroy()
      if (packet?.id === id) resolve(packet)
      else reject(new Error(`${host} answered something else`))
    })
  })
}

function tryDecode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
