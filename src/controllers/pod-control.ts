/** Making and ending the pods of a controller, with the events that tell of it. */
import { type Pod, pods } from '../api/core/v1/pod.ts'
import type { PodTemplateSpec } from '../api/core/v1/pod-template-spec.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { keyOf } from '../client/informer.ts'
import { controllerReference } from '../machinery/owner-references.ts'
import { isNotFound, StatusError } from '../machinery/status-error.ts'
import type { ReconcileContext } from '../reconcile/controller.ts'
import type { Expectations } from '../reconcile/expectations.ts'
import type { WriteOfResource } from '../schema/resource.ts'

export type PodToCreate = WriteOfResource<typeof pods>

/** A pod as the owner's template describes it; its name is generated unless given in `more`. */
export function podFrom(
  owner: KubernetesObject,
  template: PodTemplateSpec,
  more: Partial<PodToCreate['metadata']> = {},
): PodToCreate {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    metadata: {
      ...(more?.name ? {} : { generateName: `${owner.metadata.name}-` }),
      namespace: owner.metadata.namespace,
      ownerReferences: [controllerReference(owner)],
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ...more,
    },
    spec: template.spec!,
  }
}

/** How many pods are made at once after a first success; doubled with each round, so that a quota is not stormed. */
const firstBatch = 1
const largestBatch = 250

/** Makes pods for the owner. Throws the first error after telling it; what was made by then stays. */
export async function createPods(
  context: ReconcileContext,
  owner: KubernetesObject,
  expectations: Expectations,
  wanted: readonly PodToCreate[],
): Promise<void> {
  for (let done = 0, size = firstBatch; done < wanted.length; size = Math.min(size * 2, largestBatch)) {
    const batch = wanted.slice(done, done + size)
    const results = await Promise.allSettled(batch.map(pod => createPod(context, owner, expectations, pod)))
    const failed = results.find(result => result.status === 'rejected')
    if (failed) throw failed.reason
    done += batch.length
  }
}

async function createPod(
  { client, recorder }: ReconcileContext,
  owner: KubernetesObject,
  expectations: Expectations,
  pod: PodToCreate,
): Promise<void> {
  try {
    const made = await client.create(pods, pod)
    expectations.expect(keyOf(owner), made, 'created')
    recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`)
  } catch (error) {
    // A namespace on its way out takes no more pods: nothing to tell anyone.
    const ending =
      error instanceof StatusError && error.status.details?.causes?.some(c => c.reason === 'NamespaceTerminating')
    if (!ending) recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`)
    throw error
  }
}

/** Ends pods of the owner, all at once; those already gone are fine. */
export async function deletePods(
  { client, recorder }: ReconcileContext,
  owner: KubernetesObject,
  expectations: Expectations,
  doomed: readonly Pod[],
): Promise<void> {
  await Promise.all(
    doomed.map(async pod => {
      const { name, namespace, uid } = pod.metadata
      try {
        await client.delete(pods, { name, namespace }, { preconditions: { uid } })
      } catch (error) {
        if (isNotFound(error)) return
        recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`)
        throw error
      }
      expectations.expect(keyOf(owner), pod, 'deleted')
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
    }),
  )
}
