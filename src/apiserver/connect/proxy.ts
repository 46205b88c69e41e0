import type { IncomingMessage } from 'node:http'
import { connect as netConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Service } from '../../api/core/v1/service.ts'
import { statusError } from '../../machinery/status-error.ts'
import type { ConnectHandler, ConnectReply, ConnectRequest } from '../connect.ts'
import type { Lister } from '../lister.ts'
import { hostText } from './exec.ts'
import { passesOn } from './headers.ts'
import { connected, type KubeletClient, type Outgoing, send } from './kubelet-client.ts'
import { nodeTarget, type ProxyTarget, podTarget, serviceTarget } from './proxy-target.ts'
import { rewriteHtml, rewriteLink } from './rewrite-html.ts'
import { tunnel } from './tunnel.ts'

/** Pages beyond this are passed on as they are. */
const mostRewritten = 8 << 20

type Find = (request: ConnectRequest) => ProxyTarget | Promise<ProxyTarget>

/** nodes/proxy, pods/proxy and services/proxy, for plain requests and for those that become another protocol. */
export function proxies(kubelets: KubeletClient, lister: Lister) {
  return {
    nodes: proxy(kubelets, ({ object, name }) => nodeTarget(kubelets, object as Node, name)),
    pods: proxy(kubelets, ({ object, name }) => podTarget(object as Pod, name)),
    services: proxy(kubelets, ({ object, name }) => serviceTarget(lister, object as Service, name)),
  }
}

function proxy(kubelets: KubeletClient, find: Find): ConnectHandler {
  return async request => {
    const { method, rest, query } = request
    const target = await find(request)
    const search = query.size > 0 ? `?${query}` : ''
    if (request.upgrade) {
      const socket = target.kubelet ? await kubelets.dial(target) : await dial(target)
      await tunnel(request, { socket, host: hostText(target), path: (rest || '/') + search, method })
      return undefined
    }
    const prefix = prefixOf(request)
    // Relative links of a page at its root only work with the slash.
    if (rest === '' && (method === 'GET' || method === 'HEAD')) return redirect(`${prefix}/${search}`)
    const outgoing = outgoingOf(request, target, (rest || '/') + search)
    const answer = await (target.kubelet ? kubelets.send(target, outgoing) : send(target, outgoing))
    return replyOf(answer, prefix, `${target.scheme}://${hostText(target)}`)
  }
}

function prefixOf({ resource, namespace, name }: ConnectRequest): string {
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`
  return `/api/v1${place}/${resource.plural}/${name}/proxy`
}

function redirect(location: string): ConnectReply {
  return { code: 301, headers: { location, 'content-type': 'text/html; charset=utf-8' }, body: none() }
}

async function* none(): AsyncIterable<Uint8Array> {}

function outgoingOf(request: ConnectRequest, target: ProxyTarget, path: string): Outgoing {
  const headers: Record<string, string> = { host: hostText(target) }
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && passesOn(name)) headers[name] = value
  // Pages have to be read here, to make their links lead back.
  delete headers['accept-encoding']
  headers['x-forwarded-uri'] = prefixOf(request) + request.rest
  if (request.headers.host) headers['x-forwarded-host'] = request.headers.host
  headers['x-forwarded-proto'] = 'https'
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  const { method, signal } = request
  return { method, path, headers, signal, body: hasBody ? request.body : undefined }
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'te',
  'proxy-authenticate',
])

async function replyOf(answer: IncomingMessage, prefix: string, origin: string): Promise<ConnectReply> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    // Cookies of what is behind would be sent to the API server, and to everything else behind it.
    if (value === undefined || hopByHop.has(name) || name === 'set-cookie') continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const code = answer.statusCode ?? 502
  const { location } = headers
  if (location !== undefined) headers.location = rewriteLink(location, prefix, origin) ?? location
  const length = Number(headers['content-length'] ?? 0)
  const isPage = /^text\/html\b/i.test(headers['content-type'] ?? '') && !headers['content-encoding']
  if (!isPage || length > mostRewritten) return { code, headers, body: answer }
  const page = Buffer.from(rewriteHtml((await read(answer)).toString(), prefix, origin))
  headers['content-length'] = String(page.length)
  return { code, headers, body: once(page) }
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length
    if (size > mostRewritten) throw statusError('InternalError', 'the page is too large to be proxied')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** Whoever answers is taken: certificates of pods are nothing the cluster knows. */
function dial({ scheme, host, port }: ProxyTarget) {
  if (scheme === 'http') return connected(netConnect({ host, port }), 'connect', host, port)
  return connected(tlsConnect({ host, port, rejectUnauthorized: false }), 'secureConnect', host, port)
}
