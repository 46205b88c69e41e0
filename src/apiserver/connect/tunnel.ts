import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectRequest } from '../connect.ts'
import { headText, passedHeaders } from './headers.ts'

/** Connections on which nothing moves are ended after so long; upstream's four hours. */
export const idleTimeout = 4 * 3600_000
const mostOfRefusal = 1 << 20

export interface TunnelTarget {
  /** Connected. */
  readonly socket: Socket
  readonly host: string
  readonly path: string
  readonly method: string
}

/**
 * Passes an upgrade on: what is behind decides, and only when it did switch protocols are the two connections joined.
 * Any other answer is passed on and ends the connection, so that nothing is asked past the server.
 */
export async function tunnel(request: ConnectRequest, target: TunnelTarget): Promise<void> {
  const { socket: client, head, request: incoming } = request.upgrade!
  const outcome = await ask(incoming, target)
  if ('refusal' in outcome) return refuse(client, outcome.refusal, target.socket)
  const { answer, upgraded, first } = outcome
  client.write(headText(101, 'Switching Protocols', answer.rawHeaders))
  if (first.length > 0) client.write(first)
  if (head.length > 0) upgraded.write(head)
  await join(client as Socket, upgraded as Socket, request.signal)
}

type Outcome =
  | { readonly answer: IncomingMessage; readonly upgraded: Duplex; readonly first: Buffer }
  | { readonly refusal: IncomingMessage }

function ask(incoming: IncomingMessage, { socket, host, path, method }: TunnelTarget): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...passedHeaders(incoming),
      host,
      connection: 'Upgrade',
      upgrade: incoming.headers.upgrade ?? '',
    }
    const asking = httpRequest({ createConnection: () => socket, method, path, headers })
    asking.on('upgrade', (answer, upgraded, first) => resolve({ answer, upgraded, first }))
    asking.on('response', refusal => resolve({ refusal }))
    asking.on('error', reject)
    asking.end()
  })
}

async function refuse(client: Duplex, refusal: IncomingMessage, backend: Socket): Promise<void> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of refusal as AsyncIterable<Buffer>) {
    size += part.length
    if (size > mostOfRefusal) break
    parts.push(part)
  }
  backend.destroy()
  const body = Buffer.concat(parts)
  const type = refusal.headers['content-type'] ?? 'text/plain; charset=utf-8'
  const headers = ['Content-Type', type, 'Content-Length', String(body.length), 'Connection', 'close']
  client.end(
    Buffer.concat([Buffer.from(headText(refusal.statusCode ?? 502, refusal.statusMessage ?? '', headers)), body]),
  )
}

/** Joins two connections until either is over or nothing moves for too long. */
export function join(a: Socket, b: Socket, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      a.destroy()
      b.destroy()
      signal.removeEventListener('abort', end)
      void resolve()
    }
    for (const socket of [a, b]) {
      socket.setTimeout(idleTimeout, end)
      socket.on('error', end)
      socket.on('close', end)
    }
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
    a.pipe(b)
    b.pipe(a)
  })
}
