import type { Pod } from '../../api/core/v1/pod.ts'
import type { Volume } from '../../api/core/v1/volume.ts'

/** What a pod needs its kubelet to read, as `secrets/name`, `configmaps/name`, ... all in the pod's namespace. */
export function podReferences(pod: Pod): ReadonlySet<string> {
  const known = references.get(pod)
  if (known) return known
  const found = new Set<string>()
  // A mirror pod stands for a file on the node: the API gives it nothing.
  if (!pod.metadata.annotations?.['kubernetes.io/config.mirror']) collect(pod, found)
  references.set(pod, found)
  return found
}

const references = new WeakMap<Pod, ReadonlySet<string>>()

function collect(pod: Pod, found: Set<string>): void {
  const { spec } = pod
  const add = (resource: string, name: string | undefined) => {
    if (name) found.add(`${resource}/${name}`)
  }
  add('serviceaccounts', spec.serviceAccountName)
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name)
  for (const container of [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configmaps', configMapRef?.name)
      add('secrets', secretRef?.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmaps', valueFrom?.configMapKeyRef?.name)
      add('secrets', valueFrom?.secretKeyRef?.name)
    }
  }
  for (const volume of spec.volumes ?? []) ofVolume(pod, volume, add)
  for (const { name, resourceClaimName } of spec.resourceClaims ?? []) {
    const status = pod.status?.resourceClaimStatuses?.find(one => one.name === name)
    add('resourceclaims', resourceClaimName ?? status?.resourceClaimName)
  }
}

function ofVolume(pod: Pod, volume: Volume, add: (resource: string, name: string | undefined) => void): void {
  add('secrets', volume.secret?.secretName)
  add('configmaps', volume.configMap?.name)
  add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName)
  if (volume.ephemeral) add('persistentvolumeclaims', `${pod.metadata.name}-${volume.name}`)
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name)
    add('configmaps', source.configMap?.name)
  }
  for (const secret of [
    volume.csi?.nodePublishSecretRef,
    volume.flexVolume?.secretRef,
    volume.iscsi?.secretRef,
    volume.cephfs?.secretRef,
    volume.rbd?.secretRef,
    volume.scaleIO?.secretRef,
    volume.storageos?.secretRef,
    volume.cinder?.secretRef,
  ])
    add('secrets', secret?.name)
  add('secrets', volume.azureFile?.secretName)
}
