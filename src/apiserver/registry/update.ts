import type { KubernetesObject } from '../../api/group-version.ts'
import { badRequest, conflict, notFound, staleObject } from '../../machinery/status-error.ts'
import type { Entry } from '../cache/entry.ts'
import { deepCopy, deepEqual } from '../cache/json.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { aroundWrite } from './around-write.ts'
import { remove, store, unchanged } from './commit.ts'
import { insert } from './create.ts'
import { decodeBody } from './decode.ts'
import { trackManagers } from './managers.ts'
import { checkPreconditions, hasGeneration, keepServerMetadata, matchUrl, subjectOf } from './metadata.ts'
import { confine } from './parts.ts'
import { admitUpdate, isDryRun } from './pipeline.ts'
import { find } from './read.ts'
import { storageKey } from './storage-key.ts'
import type { Draft } from './strategy.ts'

/** Lost compare-and-swaps after which a write gives up. */
const attempts = 5

/** Kinds whose PUT makes the object when it is not there. */
const createdByUpdate = new Set([
  'endpoints',
  'events',
  'leases',
  'limitranges',
  'podtemplates',
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
])
/** Kinds whose PUT must say which version it replaces. */
const conditionalOnly = new Set([
  'leases',
  'runtimeclasses',
  'customresourcedefinitions',
  'apiservices',
  'csidrivers',
  'poddisruptionbudgets',
  'volumeattachments',
])

/** PUT: replaces an object, or the part of it that the subresource is. */
export async function update(registry: Registry, request: ApiRequest): Promise<Answer> {
  const { served } = request
  const body = decodeBody(request)
  matchUrl(request, body.metadata)
  const { plural } = served.resource
  if (request.subresource === '' && createdByUpdate.has(plural)) {
    await served.cache.fresh()
    const there = served.cache.get(storageKey(served.prefix, request.namespace, request.name!))
    if (!there && !body.metadata.resourceVersion && !body.metadata.uid) return insert(registry, request, body)
  }
  if (!body.metadata.resourceVersion && conditionalOnly.has(plural)) {
    throw badRequest(`metadata.resourceVersion: Invalid value: 0x0: must be specified for an update`)
  }
  let first = true
  return replace(registry, request, () => {
    // The pipeline changes its draft, and a lost race takes another one.
    const draft = first ? deepCopy(body) : body
    first = false
    return draft
  })
}

/**
 * Replaces the stored object by what `next` makes of it, again when someone else was faster. The outcome's
 * resourceVersion, where it has one, must still be the current one.
 */
export async function replace(
  registry: Registry,
  request: ApiRequest,
  next: (old: KubernetesObject) => Draft<KubernetesObject> | Promise<Draft<KubernetesObject>>,
): Promise<Answer> {
  let entry = await find(request)
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const draft = await next(entry.object)
    const outcome = await replaceOnce(registry, request, entry, draft)
    if ('type' in outcome) return outcome
    if (!outcome.current) throw notFound(subjectOf(request))
    entry = outcome.current
  }
  throw conflict(subjectOf(request), staleObject)
}

async function replaceOnce(
  registry: Registry,
  request: ApiRequest,
  entry: Entry,
  wanted: Draft<KubernetesObject>,
): Promise<Answer | { current: Entry | undefined }> {
  const { served } = request
  const old = entry.object
  checkPreconditions(request, { uid: wanted.metadata.uid }, old.metadata)
  const { resourceVersion } = wanted.metadata
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(subjectOf(request), staleObject)
  }
  const draft = confine(request, wanted, old)
  const { managedFields } = wanted.metadata
  const errors = keepServerMetadata(draft.metadata, old.metadata)
  await admitUpdate(registry, request, draft, old, errors)
  if (hasGeneration(served) && specChanged(draft, old)) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
  await trackManagers(registry, request, draft, old, managedFields)
  const object = draft as KubernetesObject
  const dryRun = isDryRun(request)
  if (isGone(object)) return finishDeletion(request, entry, object, dryRun)
  if (unchanged(entry, object)) return { type: 'entry', code: 200, entry, served }
  return aroundWrite<Answer | { current: Entry | undefined }>(registry, request, draft, old, async () => {
    if (dryRun) {
      draft.metadata.resourceVersion = old.metadata.resourceVersion
      return { stored: false, result: { type: 'object', code: 200, object, served } }
    }
    const written = await store(served, entry.key, object, entry.revision)
    if (!('entry' in written)) return { stored: false, result: written }
    return { stored: true, result: { type: 'entry', code: 200, entry: written.entry, served } }
  })
}

/** Anything but metadata and status. */
function specChanged(object: KubernetesObject, old: KubernetesObject): boolean {
  const bare = { metadata: undefined, status: undefined }
  return !deepEqual({ ...object, ...bare }, { ...old, ...bare })
}

/** A deleting object goes for good with its last finalizer, unless it still has time. */
function isGone(object: KubernetesObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds || finalizers?.length) return false
  if (object.kind !== 'Namespace' || object.apiVersion !== 'v1') return true
  return !(object as { spec?: { finalizers?: readonly string[] } }).spec?.finalizers?.length
}

async function finishDeletion(
  request: ApiRequest,
  entry: Entry,
  object: KubernetesObject,
  dryRun: boolean,
): Promise<Answer | { current: Entry | undefined }> {
  const answer = (revision: number): Answer => {
    const metadata = { ...object.metadata, resourceVersion: String(revision) }
    return { type: 'object', code: 200, object: { ...object, metadata }, served: request.served }
  }
  if (dryRun) return answer(entry.revision)
  const removed = await remove(request.served, entry)
  return 'revision' in removed ? answer(removed.revision) : removed
}
