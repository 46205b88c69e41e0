import { Scale } from '../../api/autoscaling/v1/scale.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import { type LabelSelectorObject, labelSelectorOf, labelSelectorText } from '../../machinery/label-selector.ts'
import { badRequest, invalid } from '../../machinery/status-error.ts'
import type { AnyResource, ScalePaths } from '../../schema/resource.ts'
import { at, deepCopy, type JsonObject } from '../cache/json.ts'
import type { Answer, ApiRequest, Operate } from '../registry/api-request.ts'
import { decodeBody, expected, shape } from '../registry/decode.ts'
import { matchUrl } from '../registry/metadata.ts'
import { applyPatch } from '../registry/patch.ts'
import { find } from '../registry/read.ts'
import type { Draft } from '../registry/strategy.ts'
import { replace } from '../registry/update.ts'

const asScale = expected(Scale, 'autoscaling/v1')

/** GET NAME/scale */
export const getScale: Operate = async (_, request) => {
  const { object } = await find(request)
  return { type: 'object', code: 200, object: scaleOf(request.served.resource, object) }
}

/** PUT NAME/scale */
export const updateScale: Operate = async (registry, request) => {
  const scale = decodeBody(request, asScale) as Draft<Scale>
  return scaled(request, await replace(registry, request, old => rescaled(request, old, scale)))
}

/** PATCH NAME/scale: a patch of the Scale, not of the object. */
export const patchScale: Operate = async (registry, request) => {
  const answer = await replace(registry, request, async old => {
    const patched = await applyPatch(request, scaleOf(request.served.resource, old), asScale.view)
    return rescaled(request, old, shape(request, patched as Draft<KubernetesObject>, asScale) as Draft<Scale>)
  })
  return scaled(request, answer)
}

function scaled(request: ApiRequest, answer: Answer): Answer {
  const object = answer.type === 'entry' ? answer.entry.object : answer.type === 'object' ? answer.object : {}
  return { type: 'object', code: 200, object: scaleOf(request.served.resource, object as KubernetesObject) }
}

function pathsOf(resource: AnyResource): ScalePaths {
  if (!resource.scale) throw badRequest(`${resource.plural} cannot be scaled`)
  return resource.scale
}

function scaleOf(resource: AnyResource, object: KubernetesObject) {
  const paths = pathsOf(resource)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.selector === undefined ? undefined : selectorText(at(object, paths.selector))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, paths.replicas) },
    status: { replicas: numberAt(object, paths.statusReplicas), ...(selector && { selector }) },
  }
}

const numberAt = (object: object, path: string) => Number(at(object, path) ?? 0)

/** A selector as text, whatever form the kind keeps it in: an object, a map of labels (replication controllers), text. */
function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector
  if (typeof selector !== 'object' || selector === null) return undefined
  const object = selector as LabelSelectorObject
  const whole = object.matchLabels !== undefined || object.matchExpressions !== undefined
  return labelSelectorText(labelSelectorOf(whole ? object : { matchLabels: selector as Record<string, string> }))
}

function rescaled(request: ApiRequest, old: KubernetesObject, scale: Draft<Scale>): Draft<KubernetesObject> {
  matchUrl(request, scale.metadata)
  const replicas = scale.spec?.replicas ?? 0
  if (replicas < 0) {
    const wrong = fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalid({ group: 'autoscaling', resource: 'Scale', name: request.name ?? '' }, [wrong])
  }
  const draft = deepCopy(old) as Draft<KubernetesObject>
  const { resourceVersion, uid } = scale.metadata
  if (resourceVersion) draft.metadata.resourceVersion = resourceVersion
  if (uid) draft.metadata.uid = uid
  const path = pathsOf(request.served.resource).replicas.split('.')
  let parent = draft as unknown as JsonObject
  for (const field of path.slice(0, -1)) parent = (parent[field] ??= {}) as JsonObject
  parent[path.at(-1)!] = replicas
  return draft
}
