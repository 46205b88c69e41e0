/** Which objects belong to an owner: those that name it, orphans that its selector matches, and none that it does not. */
import { type Pod, pods } from '../api/core/v1/pod.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { type LabelSelector, matchesLabels } from '../machinery/label-selector.ts'
import { controllerOf, controllerReference } from '../machinery/owner-references.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Index, indexOf, type ReconcileContext } from '../reconcile/controller.ts'
import type { AnyResource } from '../schema/resource.ts'

/** Objects by the uid of their controller, and those without one by `orphan/<namespace>`. */
export const byOwner = 'byOwner'

/** The index that ownedObjects() needs on a kind. */
export function ownerIndex(resource: AnyResource): Index {
  return indexOf(resource, byOwner, (object: KubernetesObject) => [
    controllerOf(object)?.uid ?? `orphan/${object.metadata.namespace}`,
  ])
}

/**
 * The objects of `resource` that `owner` manages now. Orphans that match are adopted, objects that no longer match are
 * let go; an owner that is being deleted adopts none.
 */
export async function ownedObjects<T extends KubernetesObject>(
  context: ReconcileContext,
  resource: AnyResource,
  owner: KubernetesObject,
  selector: LabelSelector,
): Promise<T[]> {
  const informer = context.informers.of(resource)
  const mine = informer.byIndex(byOwner, owner.metadata.uid) as unknown as readonly T[]
  const orphans = informer.byIndex(byOwner, `orphan/${owner.metadata.namespace}`) as unknown as readonly T[]
  const owned = mine.filter(object => matchesLabels(selector, object.metadata.labels))
  for (const object of mine) {
    if (!owned.includes(object) && !object.metadata.deletionTimestamp) await release(context, resource, owner, object)
  }
  if (owner.metadata.deletionTimestamp) return owned
  for (const object of orphans) {
    if (object.metadata.deletionTimestamp || !matchesLabels(selector, object.metadata.labels)) continue
    if (await adopt(context, resource, owner, object)) owned.push(object)
  }
  return owned
}

async function adopt(
  { client }: ReconcileContext,
  resource: AnyResource,
  owner: KubernetesObject,
  object: KubernetesObject,
): Promise<boolean> {
  const { uid, name, namespace, ownerReferences = [] } = object.metadata
  const references = [...ownerReferences, controllerReference(owner)]
  const { resourceVersion } = object.metadata
  try {
    await client.patch(
      resource,
      { name, namespace },
      { metadata: { uid, resourceVersion, ownerReferences: references } },
    )
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function release(
  { client }: ReconcileContext,
  resource: AnyResource,
  owner: KubernetesObject,
  object: KubernetesObject,
): Promise<void> {
  const { uid, name, namespace, ownerReferences = [] } = object.metadata
  const kept = ownerReferences.filter(reference => reference.uid !== owner.metadata.uid)
  const { resourceVersion } = object.metadata
  await client
    .patch(
      resource,
      { name, namespace },
      { metadata: { uid, resourceVersion, ownerReferences: kept.length ? kept : null } },
    )
    .catch(error => {
      if (!isNotFound(error)) throw error
    })
}

/** What leads from a pod to the owner of `kind` that manages it, or, for an orphan, to all that might adopt it. */
export function ownersOf<O extends KubernetesObject>(
  resource: AnyResource,
  selectorOf: (owner: O) => LabelSelector,
): (pod: Pod, context: { informers: ReconcileContext['informers'] }) => string[] {
  return (pod, { informers }) => {
    const { namespace } = pod.metadata
    const controller = controllerOf(pod)
    if (controller) return controller.kind === resource.kind ? [`${namespace}/${controller.name}`] : []
    const owners = [...informers.of(resource).list()] as unknown as O[]
    return owners
      .filter(owner => owner.metadata.namespace === namespace && matchesLabels(selectorOf(owner), pod.metadata.labels))
      .map(owner => `${namespace}/${owner.metadata.name}`)
  }
}

export const podOwnerIndex = ownerIndex(pods)
