import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { statusError } from '../machinery/status-error.ts'
import { attributesOf, demandAllowed } from './access.ts'
import { asStatus } from './as-status.ts'
import { parseProxyName } from './connect/proxy-name.ts'
import type { ConnectHandler, ConnectHandlers, ConnectRequest } from './connect.ts'
import type { Core } from './core.ts'
import { encodeError } from './encode.ts'
import { locate } from './locate.ts'
import type { ApiRequest } from './registry/api-request.ts'
import { operationOf } from './registry/pipeline.ts'
import { find } from './registry/read.ts'
import type { Reply, ServerRequest } from './request.ts'
import { type RequestInfo, requestInfo } from './request-info.ts'
import { anonymous, type User } from './user.ts'

/** Subresources of pods that let their callers in. */
const intoPods = new Set(['exec', 'attach', 'portforward'])

/** The handler of a streaming subresource; undefined: it is none. */
export function connectHandler(handlers: ConnectHandlers, { resource }: RequestInfo): ConnectHandler | undefined {
  if (!resource?.subresource || resource.group !== '') return undefined
  return handlers[`${resource.plural}/${resource.subresource}`]
}

/** Serves a streaming subresource over plain HTTP. */
export async function connect(
  core: Core,
  handler: ConnectHandler,
  request: ServerRequest,
  info: RequestInfo,
  user: User,
): Promise<Reply> {
  const reply = await handler(await connectRequest(core, request, info, user))
  if (!reply) throw statusError('BadRequest', 'Upgrade request required')
  const { 'content-type': contentType = 'application/octet-stream', ...headers } = reply.headers
  return {
    code: reply.code,
    contentType,
    headers,
    async run(sink, signal) {
      for await (const chunk of reply.body) {
        if (signal.aborted) return
        if (!sink.write(chunk)) await sink.drained()
      }
    },
  }
}

/** Serves a connection that wants to become something else than HTTP. */
export async function upgrade(
  core: Core,
  request: ServerRequest,
  bare: { incoming: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const { incoming, socket, head } = bare
  try {
    const info = requestInfo(request.method, request.path, request.query)
    const user = (await core.authenticator.authenticate(request)) ?? anonymous
    const attributes = attributesOf(info, user, request.query)
    await demandAllowed(core.authorizer, attributes)
    // A WebSocket comes as GET, but opens what needs more than looking.
    if (info.verb === 'get' && intoPods.has(attributes.subresource ?? ''))
      await demandAllowed(core.authorizer, { ...attributes, verb: 'create' })
    const handler = connectHandler(core.connect, info)
    if (!handler) throw statusError('BadRequest', 'this path cannot be upgraded to another protocol')
    const connecting = await connectRequest(core, request, info, user)
    await handler({ ...connecting, upgrade: { socket, head, request: incoming } })
  } catch (error) {
    refuse(socket, encodeError(asStatus(error, core.log)))
  }
}

async function connectRequest(
  core: Core,
  request: ServerRequest,
  info: RequestInfo,
  user: User,
): Promise<ConnectRequest> {
  const { served, resource } = locate(core, info)
  const { name, namespace, subresource, rest } = resource
  const about: ApiRequest = {
    verb: 'get',
    served,
    namespace,
    name,
    subresource,
    user,
    param: () => undefined,
    body: undefined,
    owned: true,
    warn: () => undefined,
  }
  const proxied = subresource === 'proxy' ? parseProxyName(name ?? '')?.name : undefined
  const { object } = await find(proxied === undefined ? about : { ...about, name: proxied })
  if (subresource !== 'log') {
    const operation = operationOf(about, {
      operation: 'CONNECT',
      object: undefined,
      oldObject: object,
      options: Object.fromEntries(request.query),
    })
    await core.registry.admission.mutate(operation)
    await core.registry.admission.validate(operation)
  }
  const { method, query, headers, signal } = request
  return {
    user,
    method,
    resource: served.resource,
    subresource,
    namespace,
    name: name ?? '',
    rest,
    query,
    headers,
    object,
    body: request.stream?.() ?? nothing(),
    signal,
  }
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** A refusal on a bare connection. */
function refuse(socket: Duplex, reply: Reply): void {
  if (socket.destroyed || !socket.writable) return void socket.destroy()
  const body = reply.body ?? new Uint8Array(0)
  const head = `HTTP/1.1 ${reply.code} Refused\r\ncontent-type: ${reply.contentType}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
  socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]))
}
