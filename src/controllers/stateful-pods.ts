/** The pods of a StatefulSet have names, hosts and volumes of their own, by their ordinal. */
import type { ControllerRevision } from '../api/apps/v1/controller-revision.ts'
import type { StatefulSet } from '../api/apps/v1/stateful-set.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { PodTemplateSpec } from '../api/core/v1/pod-template-spec.ts'
import { controllerReference } from '../machinery/owner-references.ts'
import { isAlreadyExists } from '../machinery/status-error.ts'
import type { ReconcileContext } from '../reconcile/controller.ts'
import type { WriteOfResource } from '../schema/resource.ts'
import { type PodToCreate, podFrom } from './pod-control.ts'
import { hashLabel } from './template-revisions.ts'

/** The number at the end of the name of a pod of the set; undefined for other pods. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`
  const { name } = pod.metadata
  const rest = name.slice(prefix.length)
  return name.startsWith(prefix) && /^\d+$/.test(rest) ? Number(rest) : undefined
}

/** Of a StatefulSet the label has the revision's whole name. */
export const isOfRevision = (pod: Pod, revision: string) => pod.metadata.labels?.[hashLabel] === revision

/** The pod of one ordinal, as a revision's template describes it. */
export function statefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): PodToCreate {
  const { template } = (revision.data as { spec: { template: PodTemplateSpec } }).spec
  const name = `${set.metadata.name}-${ordinal}`
  const pod = podFrom(set, template, {
    name,
    labels: {
      ...template.metadata?.labels,
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
      [hashLabel]: revision.metadata.name,
    },
  })
  const claimed = (set.spec.volumeClaimTemplates ?? []).map(claim => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
  }))
  const names = new Set(claimed.map(volume => volume.name))
  const others = pod.spec!.volumes?.filter(volume => !names.has(volume.name)) ?? []
  return {
    ...pod,
    spec: {
      ...pod.spec!,
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(claimed.length + others.length > 0 && { volumes: [...claimed, ...others] }),
    },
  }
}

function claimName(set: StatefulSet, claim: PersistentVolumeClaim, ordinal: number): string {
  return `${claim.metadata.name}-${set.metadata.name}-${ordinal}`
}

/** Makes the claims of one ordinal that are not there; they outlive the pod unless the set says otherwise. */
export async function makeClaims({ client, informers }: ReconcileContext, set: StatefulSet, ordinal: number) {
  const { namespace } = set.metadata
  const owned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(set, template, ordinal)
    if (informers.of(persistentVolumeClaims).get(`${namespace}/${name}`)) continue
    const { labels, annotations } = template.metadata
    const metadata = {
      name,
      namespace,
      labels: { ...labels, ...set.spec.selector.matchLabels },
      ...(annotations && { annotations }),
      ...(owned && { ownerReferences: [controllerReference(set)] }),
    }
    const claim = { metadata, spec: template.spec } as WriteOfResource<typeof persistentVolumeClaims>
    await client.create(persistentVolumeClaims, claim).catch(error => {
      if (!isAlreadyExists(error)) throw error
    })
  }
}

/** A pod that goes for good takes its claims along, where the set says so. */
export async function giveClaimsTo({ client, informers }: ReconcileContext, set: StatefulSet, pod: Pod): Promise<void> {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return
  const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid }
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const key = `${set.metadata.namespace}/${claimName(set, template, ordinalOf(set, pod)!)}`
    const claim = informers.of(persistentVolumeClaims).get(key)
    if (!claim || claim.metadata.ownerReferences?.some(reference => reference.uid === owner.uid)) continue
    await client.patch(persistentVolumeClaims, claim.metadata, { metadata: { ownerReferences: [owner] } })
  }
}
