import type { Logger } from '../base/log.ts'
import type { ApiVerb, PatchType } from '../client/transport.ts'
import { patchTypes } from '../client/transport.ts'
import { badRequest, forbidden, StatusError, statusError } from '../machinery/status-error.ts'
import type { Authenticator } from './authenticator.ts'
import type { Attributes, Authorizer } from './authorizer.ts'
import { bodyView } from './body-view.ts'
import type { ConnectHandlers } from './connect.ts'
import { encodeAnswer, encodeError } from './encode.ts'
import { negotiate } from './negotiation.ts'
import { parseBody } from './parse-body.ts'
import type { ApiRequest, Registry } from './registry/api-request.ts'
import { operate } from './registry/operate.ts'
import type { Served } from './registry/served.ts'
import type { Reply, ServerRequest } from './request.ts'
import { type RequestInfo, requestInfo } from './request-info.ts'
import { selectorAttributes } from './selector-attributes.ts'
import { connect, connectHandler } from './streaming.ts'
import { anonymous, type User } from './user.ts'

/** What answers requests on paths that are no resources; undefined: not its path. */
export type PathHandler = (request: ServerRequest, user: User) => Promise<Reply | undefined> | Reply | undefined

/** The server without any wire. */
export interface Core {
  readonly registry: Registry
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly paths: readonly PathHandler[]
  readonly connect: ConnectHandlers
  readonly log: Logger
}

/** Answers one request; never throws. */
export async function handle(core: Core, request: ServerRequest): Promise<Reply> {
  try {
    const info = requestInfo(request.method, request.path, request.query)
    const user = request.user ?? (await core.authenticator.authenticate(request)) ?? anonymous
    await demandAllowed(core.authorizer, attributesOf(info, user, request.query))
    if (!info.resource) return await onPath(core, request, user)
    const streaming = connectHandler(core.connect, info)
    if (streaming) return await connect(core, streaming, request, info, user)
    return await onResource(core, request, info, user)
  } catch (error) {
    return encodeError(asStatus(error, core.log))
  }
}

/** Anything thrown, as an answer; what is not meant for clients is logged and stays here. */
export function asStatus(error: unknown, log: Logger): StatusError {
  if (error instanceof StatusError) return error
  log.error({ error }, 'a request failed for a reason of the server')
  return statusError('InternalError', 'Internal error occurred: see the log of the API server', {
    causes: [{ message: 'unexpected error' }],
  })
}

async function onPath(core: Core, request: ServerRequest, user: User): Promise<Reply> {
  for (const handler of core.paths) {
    const reply = await handler(request, user)
    if (reply) return reply
  }
  throw unknownPath()
}

/** What upstream says for a path that leads nowhere. */
export const unknownPath = () =>
  statusError('NotFound', 'the server could not find the requested resource', {
    causes: [{ reason: 'UnexpectedServerResponse', message: '404 page not found' }],
  })

async function onResource(core: Core, request: ServerRequest, info: RequestInfo, user: User): Promise<Reply> {
  const { served, resource } = locate(core, info)
  const form = negotiate(request.headers.accept)
  const warnings: string[] = []
  const { verb } = info
  const hasBody = verb === 'create' || verb === 'update' || verb === 'patch' || verb.startsWith('delete')
  const patchType = verb === 'patch' ? patchTypeOf(request.headers['content-type']) : undefined
  const body = hasBody
    ? await parseBody(request, (kind, apiVersion) => bodyView(served, kind, apiVersion), patchType)
    : undefined
  const param = (name: string) => request.query.get(name) ?? undefined
  const apiRequest: ApiRequest = {
    verb: verb as ApiVerb,
    served,
    namespace: resource.namespace,
    name: resource.name,
    subresource: resource.subresource,
    user,
    param,
    body,
    owned: true,
    patchType,
    warn: text => warnings.push(text),
  }
  const answer = await operate(core.registry, apiRequest)
  const reply = await encodeAnswer(answer, form, param)
  if (warnings.length === 0) return reply
  const warning = [...new Set(warnings)].map(text => `299 - ${JSON.stringify(text)}`)
  return { ...reply, headers: { ...reply.headers, warning } }
}

/** The resource that a URL names. */
export function locate(
  core: Pick<Core, 'registry'>,
  info: RequestInfo,
): { served: Served; resource: NonNullable<RequestInfo['resource']> } {
  const resource = info.resource!
  const served = core.registry.table.get(resource.group, resource.version, resource.plural)
  if (!served) throw unknownPath()
  const scoped = served.resource.namespaced
  if (!scoped && resource.namespace !== undefined) throw unknownPath()
  if (scoped && resource.namespace === undefined && !['list', 'watch'].includes(info.verb)) {
    if (resource.name !== undefined || info.verb === 'deletecollection') throw unknownPath()
    throw badRequest('an empty namespace may not be set during creation')
  }
  return { served, resource }
}

function patchTypeOf(contentType: string | undefined): PatchType {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase()
  for (const [name, value] of Object.entries(patchTypes))
    if (value === type && name !== 'apply') return name as PatchType
  const supported = [patchTypes.json, patchTypes.merge, patchTypes.strategic].join(', ')
  throw statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${supported}`,
  )
}

/** What a request asks for, in the words of authorization. */
export function attributesOf({ verb, path, resource }: RequestInfo, user: User, query: URLSearchParams): Attributes {
  if (!resource) return { user, verb, path }
  const { group, version, plural, namespace, name, subresource } = resource
  return {
    user,
    verb,
    path,
    group,
    version,
    resource: plural,
    subresource,
    ...(name === undefined && verb !== 'create' && selectorAttributes(parameter => query.get(parameter))),
    ...(namespace !== undefined && { namespace }),
    ...(plural === 'namespaces' && group === '' && name !== undefined && { namespace: name }),
    ...(name !== undefined && { name }),
  }
}

/** Refuses with Forbidden what the authorizer does not allow. */
export async function demandAllowed(authorizer: Authorizer, attributes: Attributes): Promise<void> {
  const pending = authorizer.authorize(attributes)
  const decision = pending instanceof Promise ? await pending : pending
  if (decision.allowed) return
  const { user, verb, path, resource, subresource, group, namespace, name } = attributes
  const why = decision.reason ? `: ${decision.reason}` : ''
  if (resource === undefined) {
    throw statusError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${why}`,
      {},
    )
  }
  const full = subresource ? `${resource}/${subresource}` : resource
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  const text = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group ?? '')} ${scope}${why}`
  throw forbidden({ group: group ?? '', resource, name: name ?? '' }, text)
}
