import { randomUUID } from 'node:crypto'
import type { KubernetesObject } from '../../api/group-version.ts'
import { rfc3339 } from '../../base/clock.ts'
import { type FieldError, fieldForbidden, fieldInvalid } from '../../machinery/field-error.ts'
import { badRequest, conflict } from '../../machinery/status-error.ts'
import type { ApiRequest } from './api-request.ts'
import type { Served } from './served.ts'
import type { Draft } from './strategy.ts'

type Metadata = Draft<KubernetesObject['metadata']>

/** Whether metadata.generation counts the changes of this kind's spec. */
export function hasGeneration({ strategy, resource }: Served): boolean {
  return strategy.generation ?? resource.status === true
}

/** Who a Status is about. */
export function subjectOf({ served: { resource }, name }: Pick<ApiRequest, 'served' | 'name'>) {
  return { group: resource.group, resource: resource.plural, name: name ?? '' }
}

/** Name and namespace of the body agree with the URL; what is missing is taken from there. */
export function matchUrl(request: Pick<ApiRequest, 'served' | 'namespace' | 'name'>, metadata: Metadata): void {
  const { served, namespace, name } = request
  if (name !== undefined) {
    if (metadata.name && metadata.name !== name) {
      throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
    }
    metadata.name = name
  }
  if (!served.resource.namespaced) {
    // Upstream takes a namespace on cluster-scoped objects and drops it.
    delete (metadata as Partial<Metadata>).namespace
    return
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  }
  metadata.namespace = namespace ?? ''
}

/** What the server alone sets on a new object. */
export function stampNew(served: Served, metadata: Metadata, now: number): void {
  for (const field of clearedOnCreate) delete metadata[field]
  metadata.uid = randomUUID()
  metadata.creationTimestamp = rfc3339(now)
  if (hasGeneration(served)) metadata.generation = 1
}

const clearedOnCreate = [
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'generation',
] as const

/** What no update may change: kept from the stored object; other values than the stored ones are errors. */
export function keepServerMetadata(metadata: Metadata, old: KubernetesObject['metadata']): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.uid && metadata.uid !== old.uid) {
    errors.push(fieldInvalid('metadata.uid', metadata.uid, 'field is immutable'))
  }
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const given = metadata[field]
    if (given !== undefined && given !== old[field]) {
      errors.push(fieldInvalid(`metadata.${field}`, given, 'field is immutable'))
    }
    if (old[field] === undefined) delete metadata[field]
    else Object.assign(metadata, { [field]: old[field] })
  }
  metadata.uid = old.uid
  if (old.generation === undefined) delete metadata.generation
  else metadata.generation = old.generation
  if (old.generateName !== undefined) metadata.generateName = old.generateName
  delete metadata.selfLink
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter(finalizer => !old.finalizers?.includes(finalizer))
    if (added.length > 0) {
      const list = added.map(finalizer => JSON.stringify(finalizer)).join(', ')
      const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
      errors.push(fieldForbidden('metadata.finalizers', why))
    }
  }
  return errors
}

/** What a delete or an update is conditional on. */
export interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/** Refuses with Conflict when the stored object is not the one that was meant. */
export function checkPreconditions(
  request: Pick<ApiRequest, 'served' | 'name'>,
  wanted: Preconditions,
  metadata: KubernetesObject['metadata'],
): void {
  const { uid, resourceVersion } = wanted
  if (uid && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`
    throw conflict(subjectOf(request), why)
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`
    throw conflict(subjectOf(request), why)
  }
}
