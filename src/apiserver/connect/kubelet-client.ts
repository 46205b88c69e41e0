import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Node } from '../../api/core/v1/node.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { statusError } from '../../machinery/status-error.ts'
import type { Lister } from '../lister.ts'

/** How the server comes to kubelets: PEM texts; functions are asked at each new connection (rotation). */
export interface KubeletClientOptions {
  readonly cert: string | (() => string)
  readonly key: string | (() => string)
  /** Whom kubelets' certificates are verified by; without it they are taken as they are. */
  readonly ca?: string | (() => string) | undefined
  /** Which of a node's addresses are tried, best first. Default: InternalIP, ExternalIP, Hostname. */
  readonly addressTypes?: readonly string[] | undefined
}

/** Where something listens. */
export interface Endpoint {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
}

/** A request to pass on. */
export interface Outgoing {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: AsyncIterable<Uint8Array> | undefined
  readonly signal: AbortSignal
}

const usualAddressTypes = ['InternalIP', 'ExternalIP', 'Hostname']
const defaultPort = 10250
/** Milliseconds to connect in. */
const connectTimeout = 10_000

const textOf = (text: string | (() => string)) => (typeof text === 'function' ? text() : text)

export type KubeletClient = ReturnType<typeof kubeletClient>

/** Speaks with kubelets as the API server. */
export function kubeletClient(lister: Lister, options: KubeletClientOptions) {
  let agent: { readonly agent: Agent; readonly cert: string; readonly ca: string | undefined } | undefined
  const credentials = () => ({
    cert: textOf(options.cert),
    key: textOf(options.key),
    ...(options.ca === undefined ? { rejectUnauthorized: false } : { ca: textOf(options.ca) }),
  })
  function currentAgent(): Agent {
    const tls = credentials()
    const ca = 'ca' in tls ? tls.ca : undefined
    if (agent?.cert !== tls.cert || agent.ca !== ca) {
      agent?.agent.destroy()
      agent = { cert: tls.cert, ca, agent: new Agent({ ...tls, keepAlive: true, maxFreeSockets: 4, timeout: 90_000 }) }
    }
    return agent.agent
  }
  return {
    /** The node's kubelet; throws when there is no such node, or none of its addresses is known. */
    async endpoint(nodeName: string): Promise<Endpoint> {
      await lister.ready([nodes])
      return kubeletEndpoint(lister.get(nodes, nodeName), nodeName, options.addressTypes ?? usualAddressTypes)
    },
    /** Resolves with the head of the answer; its body streams. */
    send(to: Endpoint, outgoing: Outgoing): Promise<IncomingMessage> {
      return send(to, outgoing, currentAgent())
    },
    /** A connection of its own, for what becomes another protocol. */
    async dial({ host, port }: Endpoint): Promise<TLSSocket> {
      const socket = tlsConnect({ host, port, ...credentials(), ALPNProtocols: ['http/1.1'] })
      return connected(socket, 'secureConnect', host, port)
    },
    stop: () => agent?.agent.destroy(),
  }
}

function kubeletEndpoint(node: Node | undefined, name: string, addressTypes: readonly string[]): Endpoint {
  if (!node) throw statusError('NotFound', `nodes ${JSON.stringify(name)} not found`, { name, kind: 'nodes' })
  const addresses = node.status?.addresses ?? []
  const host = addressTypes.flatMap(type => addresses.find(one => one.type === type)?.address ?? [])[0]
  if (!host)
    throw statusError('InternalError', `no preferred addresses found; known addresses: ${JSON.stringify(addresses)}`)
  return { scheme: 'https', host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort }
}

/** Resolves with the head of the answer. Without an agent of ours, whoever answers over TLS is taken as they are. */
export function send(to: Endpoint, outgoing: Outgoing, agent?: Agent): Promise<IncomingMessage> {
  const { scheme, host, port } = to
  const { method, path, headers, body, signal } = outgoing
  return new Promise((resolve, reject) => {
    const own = agent ? { agent } : { agent: false, ...(scheme === 'https' && { rejectUnauthorized: false }) }
    const ask = scheme === 'https' ? httpsRequest : httpRequest
    const request = ask({ host, port, method, path, headers, signal, ...own }, resolve)
    request.on('error', error => reject(unreachable(host, port, error)))
    if (!body) return void request.end()
    pump(body, request).catch(error => request.destroy(error as Error))
  })
}

async function pump(body: AsyncIterable<Uint8Array>, request: ReturnType<typeof httpRequest>): Promise<void> {
  for await (const chunk of body) {
    if (request.destroyed) return
    if (!request.write(chunk)) await new Promise(resolve => request.once('drain', resolve).once('close', resolve))
  }
  request.end()
}

/** Waits until a socket is connected; throws ServiceUnavailable when it cannot be in time. */
export function connected<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  host: string,
  port: number,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error = new Error('timed out')) => {
      socket.destroy()
      reject(unreachable(host, port, error))
    }
    socket.setTimeout(connectTimeout, failed)
    socket.once('error', failed)
    socket.once(event, () => {
      socket.off('error', failed)
      socket.off('timeout', failed)
      // Who uses it sees it close; without a listener an error would end the process.
      socket.on('error', () => undefined)
      socket.setTimeout(0)
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

function unreachable(host: string, port: number, error: Error) {
  const text = `error trying to reach service: dial tcp ${host}:${port}: ${error.message}`
  return statusError('ServiceUnavailable', text)
}
