import type { KubernetesObject } from '../../api/group-version.ts'
import { JsonPatchError, jsonPatch } from '../../machinery/json-patch.ts'
import { mergePatch } from '../../machinery/merge-patch.ts'
import { badRequest, statusError } from '../../machinery/status-error.ts'
import { deepCopy } from '../cache/json.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { expectedBody, shape } from './decode.ts'
import { matchUrl } from './metadata.ts'
import type { Draft } from './strategy.ts'
import { replace } from './update.ts'

/** PATCH: applied to the newest state, and again when someone else was faster. */
export async function patch(registry: Registry, request: ApiRequest): Promise<Answer> {
  if (request.patchType === 'apply') return (await import('./apply.ts')).apply(registry, request)
  return replace(registry, request, async old => {
    const draft = (await applyPatch(request, old)) as Draft<KubernetesObject>
    const shaped = shape(request, draft, expectedBody(request))
    matchUrl(request, shaped.metadata)
    return shaped
  })
}

/** What the request's patch makes of an object: a value of its own, not yet checked. */
export async function applyPatch(request: ApiRequest, old: object, view = request.served.view): Promise<object> {
  const { body, patchType } = request
  if (patchType === 'json') return jsonPatched(request, old)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('json: cannot unmarshal the patch into Go value of type map[string]interface {}')
  }
  // What a patch leaves alone is shared with the stored object, and the pipeline changes its draft in place.
  if (patchType === 'merge') return deepCopy(mergePatch(old, body)) as object
  if (patchType === 'strategic') {
    const { strategicMergePatch } = await import('../../machinery/strategic-merge-patch.ts')
    try {
      return deepCopy(strategicMergePatch(old, body, view)) as object
    } catch (error) {
      throw badRequest((error as Error).message)
    }
  }
  throw statusError('UnsupportedMediaType', 'patches are of type json, merge or strategic')
}

function jsonPatched(request: ApiRequest, old: object): object {
  try {
    return deepCopy(jsonPatch(old, request.body)) as object
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error
    if (error.malformed) throw badRequest(error.message)
    const { group, kind } = request.served.resource
    const details = { name: request.name ?? '', ...(group && { group }), kind }
    throw statusError(
      'Invalid',
      `the server rejected our request due to an error in our request: ${error.message}`,
      details,
    )
  }
}
