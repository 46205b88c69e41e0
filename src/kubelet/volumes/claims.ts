import { persistentVolumes } from '../../api/core/v1/persistent-volume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistent-volume-claim.ts'
import type { Objects } from '../objects.ts'
import type { Pod } from '../pod/types.ts'

/** Where the volume behind a claim is on this machine: of the kinds hostPath and local. */
export async function claimedPath(
  pod: Pod,
  claimName: string,
  objects: Objects,
): Promise<{ readonly path: string; readonly type: string }> {
  const { uid, namespace } = pod.metadata
  const claim = await objects.get(uid, persistentVolumeClaims, namespace, claimName)
  if (!claim) throw new Error(`persistentvolumeclaim "${claimName}" not found`)
  if (claim.status.phase !== 'Bound' || !claim.spec.volumeName) {
    throw new Error(`PVC ${namespace}/${claimName} is not bound`)
  }
  const volume = await objects.get(uid, persistentVolumes, '', claim.spec.volumeName)
  if (!volume) throw new Error(`persistentvolume "${claim.spec.volumeName}" not found`)
  const { hostPath, local } = volume.spec
  if (hostPath) return { path: hostPath.path, type: hostPath.type ?? '' }
  if (local) return { path: local.path, type: 'Directory' }
  throw new Error(`this node has no plugin for persistent volume ${volume.metadata.name}`)
}
