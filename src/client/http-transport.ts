import type { IncomingMessage } from 'node:http'
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https'
import { readLines } from '../base/lines.ts'
import { type Status, StatusError, statusError } from '../machinery/status-error.ts'
import { pathOf } from './path.ts'
import { type ApiCall, patchTypes, type Transport, type WatchEvent } from './transport.ts'

/** A text, or who knows the newest one. */
export type Renewable = string | (() => string | undefined) | undefined

/** How to reach an API server, and as whom. PEM texts; a function is asked at each request (rotated credentials). */
export interface HttpTransportOptions {
  /** `https://host:port` */
  readonly server: string
  readonly ca?: Renewable
  readonly cert?: Renewable
  readonly key?: Renewable
  readonly token?: Renewable
  /** For the TLS handshake, where the certificate names another host. */
  readonly serverName?: string | undefined
  /** Milliseconds a single (not watch) request may take. Default 60 s. */
  readonly timeout?: number
  readonly userAgent?: string
  /** Shared with other transports; stays the caller's. Default: connections of its own, with the credentials above. */
  readonly connections?: Connections
}

/** Connections with the newest credentials. */
export interface Connections {
  current(): Agent
  close(): void
}

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
} as const

/** A watch that asked for bookmarks gets one each minute: silence for longer is a dead connection, milliseconds. */
const longestSilence = 180_000
/** The largest answer or watch line taken, bytes. */
const largest = 256 << 20

/** Milliseconds that a connection is kept for the next request; it takes 150 KB here, and more at the server. */
const idleConnection = 10_000

/** A transport over HTTPS with kept-alive connections; each watch has a connection of its own. */
export function httpTransport(options: HttpTransportOptions): Transport {
  const base = new URL(options.server)
  // URLs have IPv6 addresses in brackets, sockets have them without.
  const host = base.hostname.replace(/^\[|\]$/g, '')
  const agents = options.connections ?? connectionsWith(options)

  function headers(more: Record<string, string | undefined>): Record<string, string> {
    const token = textOf(options.token)
    const all = {
      accept: 'application/json',
      'user-agent': options.userAgent ?? 'kobune',
      authorization: token && `Bearer ${token}`,
      ...more,
    }
    return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => Boolean(entry[1])))
  }

  function send(path: string, init: RequestOptions & { body?: string | undefined }): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { body, ...rest } = init
      const prefix = base.pathname === '/' ? '' : base.pathname
      const agent = agents.current()
      const request = httpsRequest({ host, port: base.port || 443, path: prefix + path, agent, ...rest }, resolve)
      request.on('error', error => {
        // The server closed the kept connection just when it was taken up again: a read may be asked anew.
        const stale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
        if (stale && rest.method === 'GET' && !rest.signal?.aborted) resolve(send(path, init))
        else reject(error)
      })
      request.end(body)
    })
  }

  function sendCall(call: ApiCall, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const type = call.patchType ? patchTypes[call.patchType] : 'application/json'
    return send(pathOf(call), {
      method: methods[call.verb],
      headers: headers({
        'content-type': body && type,
        'content-length': body && String(Buffer.byteLength(body)),
      }),
      body,
      ...(signal && { signal }),
    })
  }

  const within = (signal: AbortSignal | undefined) => {
    const timeout = AbortSignal.timeout(options.timeout ?? 60_000)
    return signal ? AbortSignal.any([signal, timeout]) : timeout
  }

  return {
    async call(call, signal) {
      const response = await sendCall(call, within(signal))
      const text = await bodyText(response)
      if (response.statusCode! >= 400) throw errorOf(response.statusCode!, text)
      return text === '' ? undefined : JSON.parse(text)
    },
    async watch(call, on, signal) {
      const response = await sendCall(call, signal)
      if (response.statusCode! >= 400) throw errorOf(response.statusCode!, await bodyText(response))
      if (call.query?.allowWatchBookmarks) {
        const silent = () => response.destroy(new Error(`the watch was silent for ${longestSilence / 1000} seconds`))
        response.setTimeout(longestSilence, silent)
      }
      void readWatch(response, on)
    },
    async raw(path, init = {}, signal) {
      const response = await send(path, {
        method: init.method ?? 'GET',
        headers: headers({ accept: init.accept ?? '*/*', 'content-type': init.contentType }),
        body: init.body,
        ...(signal && { signal }),
      })
      if (response.statusCode! >= 400) throw errorOf(response.statusCode!, await bodyText(response))
      return { status: response.statusCode!, body: response as AsyncIterable<Uint8Array> }
    },
    async close() {
      if (!options.connections) agents.close()
    },
  }
}

const textOf = (text: Renewable) => (typeof text === 'function' ? text() : text)

/** Connections with the newest credentials; those with former ones end with the request they are on. */
export function connectionsWith(
  options: Pick<HttpTransportOptions, 'ca' | 'cert' | 'key' | 'serverName'>,
): Connections {
  let used: { readonly agent: Agent; readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
  let retired: Agent[] = []
  function retire(agent: Agent): void {
    agent.maxFreeSockets = 0
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    retired = [...retired, agent].filter(({ sockets }) => Object.keys(sockets).length > 0)
  }
  return {
    current(): Agent {
      const ca = textOf(options.ca)
      const cert = textOf(options.cert)
      const key = textOf(options.key)
      if (used && used.ca === ca && used.cert === cert && used.key === key) return used.agent
      if (used) retire(used.agent)
      const credentials = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
      const tls: AgentOptions = {
        keepAlive: true,
        timeout: idleConnection,
        ...credentials,
        ...(options.serverName && { servername: options.serverName }),
      }
      const agent = new Agent(tls)
      used = { agent, ...credentials }
      return agent
    },
    close(): void {
      for (const agent of [...retired, ...(used ? [used.agent] : [])]) agent.destroy()
    },
  }
}

async function bodyText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largest) throw new Error(`the API server's answer is larger than ${largest} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function readWatch(response: IncomingMessage, on: Parameters<Transport['watch']>[1]): Promise<void> {
  try {
    for await (const line of readLines(response, largest)) {
      if (line === '') continue
      const event = JSON.parse(line) as WatchEvent
      if (event.type === 'ERROR') throw new StatusError(event.object as Status)
      on.event(event)
    }
    on.ended(undefined)
  } catch (error) {
    response.destroy()
    on.ended(error as Error)
  }
}

/** The server's Status, or one made from what a proxy in between said. */
function errorOf(code: number, text: string): StatusError {
  try {
    const status = JSON.parse(text) as Status
    if (status.kind === 'Status') return new StatusError(status)
  } catch {
    // Not JSON: told below as it came.
  }
  return statusError('InternalError', text.trim().slice(0, 1000) || `the server answered ${code}`, undefined, code)
}
