/** Remembers the templates that a DaemonSet or StatefulSet had, for `kubectl rollout undo`. */
import { type ControllerRevision, controllerRevisions } from '../api/apps/v1/controller-revision.ts'
import { pods } from '../api/core/v1/pod.ts'
import type { PodTemplateSpec } from '../api/core/v1/pod-template-spec.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { shortHash } from '../machinery/hash.ts'
import { controllerReference } from '../machinery/owner-references.ts'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.ts'
import type { ReconcileContext } from '../reconcile/controller.ts'
import { byOwner } from './owned-objects.ts'

export const hashLabel = 'controller-revision-hash'

/** What has a pod template and remembers older ones. */
export type Templated = KubernetesObject & {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit: number }
}

/** The revision of today's template, made when there is none; old ones beyond the history limit are removed. */
export async function currentRevision(context: ReconcileContext, set: Templated): Promise<ControllerRevision> {
  const { client, informers } = context
  const known = [...informers.of(controllerRevisions).byIndex(byOwner, set.metadata.uid)].sort(
    (a, b) => a.revision - b.revision,
  )
  const data = { spec: { template: { ...set.spec.template, $patch: 'replace' } } }
  const hash = shortHash(data)
  const last = known.at(-1)
  const same = known.find(revision => revision.metadata.labels?.[hashLabel] === hash)
  if (same && same === last) return same
  const revision = (last?.revision ?? 0) + 1
  if (same) return client.patch(controllerRevisions, same.metadata, { revision })
  const { name, namespace } = set.metadata
  const metadata = {
    name: `${name}-${hash}`,
    namespace,
    labels: { ...set.spec.template.metadata?.labels, [hashLabel]: hash },
    annotations: set.metadata.annotations,
    ownerReferences: [controllerReference(set)],
  }
  await forget(context, set, known)
  try {
    return await client.create(controllerRevisions, { metadata, revision, data })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return client.get(controllerRevisions, { name: metadata.name, namespace })
  }
}

/** Removes the oldest revisions beyond the limit that no pod has any more. */
async function forget({ client, informers }: ReconcileContext, set: Templated, known: readonly ControllerRevision[]) {
  const live = new Set(
    informers
      .of(pods)
      .byIndex(byOwner, set.metadata.uid)
      .map(pod => pod.metadata.labels?.[hashLabel]),
  )
  const unused = known.filter(revision => !live.has(revision.metadata.labels?.[hashLabel]))
  const surplus = unused.slice(0, Math.max(0, unused.length - set.spec.revisionHistoryLimit))
  for (const revision of surplus) {
    await client.delete(controllerRevisions, revision.metadata).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
}
