import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Logger } from '../../base/log.ts'
import type { Reply, ServerRequest } from '../request.ts'
import { readBody } from './body.ts'
import { writeReply } from './write-reply.ts'

/** One for all: a reason made anew costs its stack at every request. */
const connectionClosed = new Error('the connection is closed')

export interface TlsOptions {
  /** PEM: certificate with its chain, key, and the authorities of client certificates. */
  readonly cert: string
  readonly key: string
  readonly clientCA?: string
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

export interface HttpOptions {
  readonly tls: TlsOptions
  readonly port: number
  readonly bindAddress: string
  readonly handle: (request: ServerRequest) => Promise<Reply>
  /** Takes connections that want another protocol. */
  readonly upgrade: (request: ServerRequest, incoming: IncomingMessage, socket: TLSSocket, head: Buffer) => void
  readonly log: Logger
}

/** A listening server. */
export interface HttpServer {
  readonly port: number
  /** New certificates for connections from now on. */
  renew(tls: TlsOptions): void
  /** Stops listening, ends watches, and lets requests under way finish for up to `grace` milliseconds. */
  stop(grace: number): Promise<void>
}

/** Serves HTTP/1.1 over TLS. Client certificates are asked for, never demanded: who comes without may have a token. */
export async function serveHttps(options: HttpOptions): Promise<HttpServer> {
  const reading = new Set<AbortController>()
  const server = createServer({
    ...tlsOptions(options.tls),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    keepAlive: true,
    // A slow client may hold a socket, not a request: headers and bodies have to arrive.
    handshakeTimeout: 15_000,
    headersTimeout: 15_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 120_000,
    maxHeaderSize: 64 * 1024,
    highWaterMark: 256 * 1024,
  })
  server.on('request', (incoming, response) => void answer(options, incoming, response, reading))
  server.on('upgrade', (incoming, socket, head) => {
    socket.on('error', () => socket.destroy())
    const gone = new AbortController()
    reading.add(gone)
    socket.once('close', () => {
      reading.delete(gone)
      gone.abort(connectionClosed)
    })
    const request = requestOf(incoming, gone.signal)
    options.upgrade(request, incoming, socket as TLSSocket, head)
  })
  server.on('tlsClientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.bindAddress, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    renew: tls => server.setSecureContext(tlsOptions(tls)),
    stop: grace => stop(server, reading, grace),
  }
}

function tlsOptions({ cert, key, clientCA, minVersion = 'TLSv1.2' }: TlsOptions) {
  return { cert, key, minVersion, ...(clientCA !== undefined && { ca: clientCA }) }
}

async function answer(
  options: HttpOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
  reading: Set<AbortController>,
): Promise<void> {
  const gone = new AbortController()
  // Watches and logs have no end of their own: stopping ends them.
  if (incoming.method === 'GET') reading.add(gone)
  response.once('close', () => {
    reading.delete(gone)
    gone.abort(connectionClosed)
  })
  const { signal } = gone
  try {
    const reply = await options.handle(requestOf(incoming, signal))
    await writeReply(reply, incoming, response, signal)
  } catch (error) {
    options.log.debug({ error }, 'an answer could not be sent')
    response.destroy()
  }
}

const noQuery = new URLSearchParams()

function requestOf(incoming: IncomingMessage, signal: AbortSignal): ServerRequest {
  const url = incoming.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1)),
    // Node joins repeated headers, except set-cookie, which requests do not have.
    headers: incoming.headers as Record<string, string | undefined>,
    repeated: () => incoming.headersDistinct,
    body: () => readBody(incoming),
    stream: () => incoming,
    signal,
    certificates: peerCertificates(incoming.socket as TLSSocket),
    remoteAddress: incoming.socket.remoteAddress ?? '',
  }
}

const known = new WeakMap<TLSSocket, readonly Uint8Array[]>()

/** The same list for all requests of a connection, so that what is found out about it can be remembered by it. */
function peerCertificates(socket: TLSSocket): readonly Uint8Array[] {
  let chain = known.get(socket)
  if (!chain) known.set(socket, (chain = chainOf(socket)))
  return chain
}

function chainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = []
  let certificate = socket.getPeerCertificate(true)
  while (certificate?.raw && !chain.some(raw => certificate.raw.equals(raw))) {
    chain.push(certificate.raw)
    certificate = certificate.issuerCertificate
  }
  return chain
}

async function stop(server: Server, reading: ReadonlySet<AbortController>, grace: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  for (const controller of reading) controller.abort()
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), grace)
  const idle = setInterval(() => server.closeIdleConnections(), 20)
  await closed
  clearTimeout(timer)
  clearInterval(idle)
}
