import type { KubernetesObject } from '../../api/group-version.ts'
import { rfc3339 } from '../../base/clock.ts'
import type { Actor, ManagedFieldsEntry } from '../../machinery/managed-fields.ts'
import type { ApiRequest, Registry } from './api-request.ts'
import type { Draft } from './strategy.ts'

/** What a writer gives as metadata.managedFields, or an apply has made of it. */
export type ManagedFields = readonly ManagedFieldsEntry[] | undefined

const longestName = 128

/** Who a write is by: the field manager it names, else the program. */
export function actorOf(registry: Registry, request: ApiRequest): Actor {
  const program = (request.agent ?? request.user.name).split('/')[0]!
  return {
    manager: request.param('fieldManager') || program.slice(0, longestName),
    apiVersion: request.served.resource.apiVersion,
    subresource: request.subresource,
    time: rfc3339(registry.clock.now()),
  }
}

/**
 * Sets metadata.managedFields of what is about to be written. Fields are tracked from the first write on that names its
 * field manager or is an apply: objects that no such writer touches stay small and cost nothing.
 */
export async function trackManagers(
  registry: Registry,
  request: ApiRequest,
  draft: Draft<KubernetesObject>,
  old: KubernetesObject | undefined,
  given: ManagedFields,
): Promise<void> {
  delete draft.metadata.managedFields
  const managedFields =
    request.patchType === 'apply' ? given : await updated(registry, request, draft as KubernetesObject, old, given)
  if (managedFields?.length) Object.assign(draft.metadata, { managedFields })
}

async function updated(
  registry: Registry,
  request: ApiRequest,
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  given: ManagedFields,
): Promise<ManagedFields> {
  const tracked = old ? old.metadata.managedFields !== undefined : Boolean(request.param('fieldManager'))
  if (!tracked) return undefined
  const { updateManaged } = await import('../../machinery/managed-fields.ts')
  const after = given ? { ...object, metadata: { ...object.metadata, managedFields: given } } : object
  return updateManaged(request.served.view, old, after, actorOf(registry, request))
}
