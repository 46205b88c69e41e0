import type { KubernetesObject } from '../../api/group-version.ts'
import { difference, type FieldSet, union } from '../../machinery/field-set.ts'
import { type Actor, applyManaged } from '../../machinery/managed-fields.ts'
import { compareFields, fieldsOf, listErrors } from '../../machinery/object-fields.ts'
import { badRequest, conflict, isAlreadyExists, notFound } from '../../machinery/status-error.ts'
import { prune } from '../../schema/prune.ts'
import type { View } from '../../schema/view.ts'
import { demandAllowed } from '../access.ts'
import { deepCopy, type JsonObject } from '../cache/json.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { insert } from './create.ts'
import { decodeBody } from './decode.ts'
import { actorOf } from './managers.ts'
import { matchUrl, subjectOf } from './metadata.ts'
import { storageKey } from './storage-key.ts'
import type { Draft } from './strategy.ts'
import { replace } from './update.ts'

/** PATCH with an applied configuration: what its manager wants of the object, which is made where it is not there. */
export async function apply(registry: Registry, request: ApiRequest): Promise<Answer> {
  const config = configOf(request)
  const actor = actorOf(registry, request)
  if (!(await exists(request))) {
    try {
      return await make(registry, request, config, actor)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }
  const { view } = request.served
  const force = request.param('force') === 'true'
  return replace(registry, request, old => {
    const yielded = actor.manager === kubectl ? lastApplied(view, old) : undefined
    const { object, managedFields } = applyManaged(view, old, config, actor, { force, yielded })
    const draft = deepCopy(object) as Draft<KubernetesObject>
    if (actor.manager === kubectl) renewLastApplied(draft, config)
    return Object.assign(draft, { metadata: { ...draft.metadata, managedFields } })
  })
}

function configOf(request: ApiRequest): Draft<KubernetesObject> {
  const config = decodeBody(request)
  if (config.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil')
  matchUrl(request, config.metadata)
  const errors = listErrors(request.served.view, config)
  if (errors.length > 0) {
    const { apiVersion, kind } = request.served.resource
    const name = [request.namespace, request.name].filter(Boolean).join('/')
    throw badRequest(`failed to create typed patch object (${name}; ${apiVersion}, Kind=${kind}): ${errors.join('\n')}`)
  }
  return config
}

async function exists({ served, namespace, name = '' }: ApiRequest): Promise<boolean> {
  await served.cache.fresh()
  return served.cache.get(storageKey(served.prefix, namespace, name)) !== undefined
}

async function make(
  registry: Registry,
  request: ApiRequest,
  config: Draft<KubernetesObject>,
  actor: Actor,
): Promise<Answer> {
  const { user, namespace, name, subresource } = request
  const { group, version, plural } = request.served.resource
  const { uid, resourceVersion } = config.metadata
  if (subresource || resourceVersion) throw notFound(subjectOf(request))
  if (uid) {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(subjectOf(request), why)
  }
  await demandAllowed(registry.authorizer, {
    user,
    verb: 'create',
    path: '',
    group,
    version,
    resource: plural,
    subresource,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  })
  const { managedFields } = applyManaged(request.served.view, undefined, config, actor, { force: false })
  return insert(registry, request, deepCopy(config), managedFields)
}

/** The manager whose client-side applies left the annotation. */
const kubectl = 'kubectl'
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** The fields that `kubectl apply` last set on its own side and that are as it set them: it may take them over. */
function lastApplied(view: View, live: KubernetesObject): FieldSet | undefined {
  const text = live.metadata.annotations?.[annotation]
  if (!text) return undefined
  try {
    const config = JSON.parse(text) as JsonObject
    prune(view, config)
    const { changed, removed } = compareFields(view, live, config)
    return difference(fieldsOf(view, config), union(changed, removed))
  } catch {
    return undefined
  }
}

/** Who goes back to client-side applies finds what was applied here. */
function renewLastApplied(draft: Draft<KubernetesObject>, config: object): void {
  const { annotations } = draft.metadata
  if (annotations?.[annotation] !== undefined) annotations[annotation] = `${JSON.stringify(config)}\n`
}
