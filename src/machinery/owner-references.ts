import type { KubernetesObject } from '../api/group-version.ts'
import type { OwnerReference } from '../api/meta/v1/object-meta.ts'

/** The reference to the one owner that manages the object; undefined for an object on its own. */
export function controllerOf(object: Pick<KubernetesObject, 'metadata'>): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(reference => reference.controller)
}

/** Whether `owner` manages the object. */
export function isControlledBy(object: Pick<KubernetesObject, 'metadata'>, owner: KubernetesObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** A reference that makes `owner` the controller of what carries it; its deletion in the foreground waits for that. */
export function controllerReference(owner: KubernetesObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true }
}
