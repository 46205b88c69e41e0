import type { KubernetesObject } from '../../api/group-version.ts'
import { badRequest } from '../../machinery/status-error.ts'
import { prune } from '../../schema/prune.ts'
import type { AnyStruct } from '../../schema/schema.ts'
import { type View, view } from '../../schema/view.ts'
import { deepCopy } from '../cache/json.ts'
import type { ApiRequest } from './api-request.ts'
import type { Draft } from './strategy.ts'

interface Expected {
  readonly kind: string
  readonly apiVersion: string
  readonly view: View
}

/** What a declared type of `apiVersion` looks like when decoded. */
export function expected(type: AnyStruct, apiVersion: string): Expected {
  return { kind: type.name, apiVersion, view: view(type) }
}

/** The kind of the objects a request's resource holds. */
export function expectedBody(request: ApiRequest): Expected {
  const { resource, view } = request.served
  return { kind: resource.kind, apiVersion: resource.apiVersion, view }
}

/** The request's body as an object of the kind, to be worked on: unknown fields gone or refused, as fieldValidation says. */
export function decodeBody(request: ApiRequest, as: Expected = expectedBody(request)): Draft<KubernetesObject> {
  const { body } = request
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest(`the object provided is unrecognized (must be of type ${as.kind}): the body is not a JSON object`)
  }
  return shape(request, (request.owned ? body : deepCopy(body)) as Draft<KubernetesObject>, as)
}

/** Checks and prunes a value that became an object of the kind (a body, the outcome of a patch), in place. */
export function shape(request: ApiRequest, draft: Draft<KubernetesObject>, as: Expected): Draft<KubernetesObject> {
  if (draft.apiVersion && draft.apiVersion !== as.apiVersion) {
    throw badRequest(
      `the API version in the data (${draft.apiVersion}) does not match the expected API version (${as.apiVersion})`,
    )
  }
  if (draft.kind && draft.kind !== as.kind) {
    throw unfit(as, draft.kind, `the kind in the data is ${JSON.stringify(draft.kind)}`)
  }
  draft.apiVersion = as.apiVersion
  draft.kind = as.kind
  const mode = request.param('fieldValidation') || 'Warn'
  const unknown: string[] = []
  const wrong = prune(as.view, draft, mode === 'Ignore' ? undefined : path => unknown.push(path))
  if (wrong.length > 0) throw unfit(as, as.kind, wrong[0]!.message)
  if (unknown.length > 0) {
    const texts = unknown.map(path => `unknown field ${JSON.stringify(path)}`)
    if (mode === 'Strict') throw unfit(as, as.kind, `strict decoding error: ${texts.join(', ')}`)
    for (const text of texts) request.warn(text)
  }
  // The rest of the server relies on metadata being an object.
  draft.metadata ??= {} as Draft<KubernetesObject>['metadata']
  // Old manifests say 0 for "whichever it is": as if it had been left out.
  if (draft.metadata.resourceVersion === '0') draft.metadata.resourceVersion = ''
  return draft
}

function unfit(as: Expected, kind: string, why: string) {
  return badRequest(
    `${kind} in version ${JSON.stringify(as.apiVersion.split('/').pop())} cannot be handled as a ${as.kind}: ${why}`,
  )
}
