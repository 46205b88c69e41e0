import type { KubernetesObject } from '../../api/group-version.ts'
import type { DeleteOptions } from '../../api/meta/v1/delete-options.ts'
import { rfc3339 } from '../../base/clock.ts'
import { fieldInvalid, fieldNotSupported } from '../../machinery/field-error.ts'
import { badRequest, conflict, notFound, staleObject } from '../../machinery/status-error.ts'
import type { Read } from '../../schema/schema.ts'
import type { Entry } from '../cache/entry.ts'
import { deepCopy } from '../cache/json.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { remove, store } from './commit.ts'
import { checkPreconditions, hasGeneration, subjectOf } from './metadata.ts'
import { demandMortal } from './namespace-lifecycle.ts'
import { operationOf } from './pipeline.ts'
import { find } from './read.ts'
import type { Draft } from './strategy.ts'
import { optionsInvalid } from './write-options.ts'

export type Options = Partial<Read<typeof DeleteOptions>>

const attempts = 5
const orphan = 'orphan'
const foreground = 'foregroundDeletion'

/** Kinds whose DELETE answers the object; of others that are gone at once it answers a Status. */
const answersObject = new Set([
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
])

const policies = ['Background', 'Foreground', 'Orphan']

/** The options of a DELETE: from the body if there is one, else from the query. */
export function deleteOptions(request: ApiRequest): Options {
  const body = request.body as Options | undefined
  const seconds = body?.gracePeriodSeconds ?? numberParam(request, 'gracePeriodSeconds')
  const propagationPolicy = body?.propagationPolicy ?? request.param('propagationPolicy')
  const orphanDependents = body?.orphanDependents ?? booleanParam(request, 'orphanDependents')
  const dryRun = body?.dryRun ?? (request.param('dryRun') ? [request.param('dryRun')!] : [])
  const errors = dryRun.filter(one => one !== 'All').map(one => fieldNotSupported('dryRun', one, ['All']))
  if (propagationPolicy && !policies.includes(propagationPolicy)) {
    errors.push(fieldNotSupported('propagationPolicy', propagationPolicy, policies))
  } else if (propagationPolicy && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set'
    errors.push(fieldInvalid('propagationPolicy', propagationPolicy, why))
  }
  if (errors.length > 0) throw optionsInvalid('DeleteOptions', errors)
  return {
    dryRun,
    ...(seconds !== undefined && { gracePeriodSeconds: seconds }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    ...(body?.preconditions && { preconditions: body.preconditions }),
  }
}

/** DELETE of one object. */
export async function deleteOne(registry: Registry, request: ApiRequest): Promise<Answer> {
  return deleteEntry(registry, request, deleteOptions(request), await find(request))
}

/** Deletes an object, or sets it on its way: grace period and finalizers come first. */
export async function deleteEntry(
  registry: Registry,
  request: ApiRequest,
  options: Options,
  found: Entry,
): Promise<Answer> {
  demandMortal(request)
  let entry = found
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const outcome = await deleteOnce(registry, request, options, entry)
    if ('type' in outcome) return outcome
    if (!outcome.current) throw notFound(subjectOf(request))
    entry = outcome.current
  }
  throw conflict(subjectOf(request), staleObject)
}

async function deleteOnce(
  registry: Registry,
  request: ApiRequest,
  options: Options,
  entry: Entry,
): Promise<Answer | { current: Entry | undefined }> {
  const { served } = request
  const old = entry.object
  checkPreconditions(request, options.preconditions ?? {}, old.metadata)
  const given = options as Readonly<Record<string, unknown>>
  const operation = operationOf(request, { operation: 'DELETE', object: undefined, oldObject: old, options: given })
  const mutated = registry.admission.mutate(operation)
  if (mutated) await mutated
  const validated = registry.admission.validate(operation)
  if (validated) await validated
  const dryRun = (options.dryRun?.length ?? 0) > 0
  const next = dying(registry, request, options, old)
  if (next === undefined) {
    if (dryRun) return deletedAnswer(request, old)
    const removed = await remove(served, entry)
    if (!('revision' in removed)) return removed
    return deletedAnswer(request, { ...old, metadata: { ...old.metadata, resourceVersion: String(removed.revision) } })
  }
  if (next === old) return { type: 'entry', code: 200, entry, served }
  if (dryRun) return { type: 'object', code: 200, object: next, served }
  const written = await store(served, entry.key, next, entry.revision)
  return 'entry' in written ? { type: 'entry', code: 200, entry: written.entry, served } : written
}

/** The object once its deletion has begun; the same object: nothing to change; undefined: it goes at once. */
function dying(
  registry: Registry,
  request: ApiRequest,
  options: Options,
  old: KubernetesObject,
): KubernetesObject | undefined {
  const { strategy } = request.served
  const { metadata } = old
  const finalizers = finalizersAfter(options, metadata.finalizers ?? [])
  const asked = options.gracePeriodSeconds
  if (asked !== undefined && asked < 0)
    throw badRequest('gracePeriodSeconds: Invalid value: must be greater than or equal to 0')
  const begun = metadata.deletionTimestamp !== undefined
  const left = metadata.deletionGracePeriodSeconds ?? 0
  let grace = strategy.gracePeriod?.(old, asked) ?? 0
  if (begun) grace = asked === undefined && strategy.gracePeriod ? left : Math.min(grace, left)
  const waits = grace > 0 || finalizers.length > 0 || ofNamespace(old).length > 0
  if (!waits) return undefined
  const same =
    finalizers.length === (metadata.finalizers?.length ?? 0) &&
    finalizers.every(one => metadata.finalizers?.includes(one))
  if (begun && same && grace >= left) return old
  const next = deepCopy(old) as Draft<KubernetesObject>
  if (finalizers.length > 0) next.metadata.finalizers = finalizers
  else delete next.metadata.finalizers
  if (!begun || grace < left) {
    const since = begun ? Date.parse(metadata.deletionTimestamp!) - left * 1000 : registry.clock.now()
    next.metadata.deletionTimestamp = rfc3339(since + grace * 1000)
    next.metadata.deletionGracePeriodSeconds = grace
  }
  if (!begun && hasGeneration(request.served) && metadata.generation) next.metadata.generation = metadata.generation + 1
  if (isNamespace(old))
    Object.assign(next, { status: { ...(next as { status?: object }).status, phase: 'Terminating' } })
  return next as KubernetesObject
}

/** The garbage collector's finalizers follow the propagation policy; everyone else's stay. */
function finalizersAfter(options: Options, held: readonly string[]): string[] {
  const policy = options.propagationPolicy ?? (options.orphanDependents ? 'Orphan' : undefined)
  if (policy === undefined && options.orphanDependents === undefined) return [...held]
  const others = held.filter(finalizer => finalizer !== orphan && finalizer !== foreground)
  if (policy === 'Orphan') return [...others, orphan]
  if (policy === 'Foreground') return [...others, foreground]
  return others
}

const isNamespace = (object: KubernetesObject) => object.kind === 'Namespace' && object.apiVersion === 'v1'

function ofNamespace(object: KubernetesObject): readonly string[] {
  return isNamespace(object) ? ((object as { spec?: { finalizers?: readonly string[] } }).spec?.finalizers ?? []) : []
}

function deletedAnswer(request: ApiRequest, object: KubernetesObject): Answer {
  const { resource } = request.served
  if (resource.group === '' && answersObject.has(resource.plural)) {
    return { type: 'object', code: 200, object, served: request.served }
  }
  const { name, uid } = object.metadata
  const details = { name, ...(resource.group && { group: resource.group }), kind: resource.plural, uid }
  return {
    type: 'object',
    code: 200,
    object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
  }
}

function numberParam(request: ApiRequest, name: string): number | undefined {
  const text = request.param(name)
  if (text === undefined || text === '') return undefined
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

function booleanParam(request: ApiRequest, name: string): boolean | undefined {
  const text = request.param(name)
  return text === undefined || text === '' ? undefined : text === 'true' || text === '1'
}
