import type { ApiVerb, PatchType } from '../client/transport.ts'
import { patchTypes } from '../client/transport.ts'
import { statusError } from '../machinery/status-error.ts'
import { attributesOf, demandAllowed } from './access.ts'
import { asStatus } from './as-status.ts'
import { bodyView } from './body-view.ts'
import type { Core } from './core.ts'
import { encodeAnswer, encodeError } from './encode.ts'
import { demandMethod, locate, unknownPath } from './locate.ts'
import { negotiate } from './negotiation.ts'
import { parseBody } from './parse-body.ts'
import type { ApiRequest } from './registry/api-request.ts'
import { operate } from './registry/operate.ts'
import type { Reply, ServerRequest } from './request.ts'
import { type RequestInfo, requestInfo } from './request-info.ts'
import { connect, connectHandler } from './streaming.ts'
import { anonymous, type User } from './user.ts'

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

async function onPath(core: Core, request: ServerRequest, user: User): Promise<Reply> {
  for (const handler of core.paths) {
    const reply = await handler(request, user)
    if (reply) return reply
  }
  throw unknownPath()
}

async function onResource(core: Core, request: ServerRequest, info: RequestInfo, user: User): Promise<Reply> {
  const { served, resource } = locate(core, info)
  demandMethod(request.method, resource)
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
    agent: request.headers['user-agent'],
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

function patchTypeOf(contentType: string | undefined): PatchType {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase()
  for (const [name, value] of Object.entries(patchTypes)) if (value === type) return name as PatchType
  const supported = Object.values(patchTypes).join(', ')
  throw statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${supported}`,
  )
}
