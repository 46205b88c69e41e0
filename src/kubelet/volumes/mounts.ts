/** What of a pod's volumes a container sees, and where. */
import type { Host } from '../../host/host.ts'
import type { Mount } from '../cri/types.ts'
import { expand } from '../env/expand.ts'
import type { Container, Pod } from '../pod/types.ts'
import type { PodPaths } from '../pod-paths.ts'
import { bindSubPath } from './sub-path.ts'

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const

export interface MountInput {
  readonly host: Host
  readonly paths: PodPaths
  readonly pod: Pod
  readonly container: Container
  readonly volumes: ReadonlyMap<string, string>
  readonly env: ReadonlyMap<string, string>
}

/** The mounts of the declared volumes; parts of volumes are bound to folders of their own first. */
export async function volumeMounts(input: MountInput): Promise<readonly Mount[]> {
  const mounts: Mount[] = []
  for (const [index, mount] of (input.container.volumeMounts ?? []).entries()) {
    const { name, mountPath } = mount
    const volume = input.pod.spec.volumes?.find(v => v.name === name)
    if (volume?.image) {
      const image = { image: volume.image.reference ?? '' }
      mounts.push({
        containerPath: mountPath,
        image,
        readonly: true,
        ...(mount.subPath && { imageSubPath: mount.subPath }),
      })
      continue
    }
    const path = input.volumes.get(name)
    if (path === undefined)
      throw new Error(`cannot find volume "${name}" to mount into container "${input.container.name}"`)
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, n => input.env.get(n)) : mount.subPath
    const hostPath = subPath ? await bound(input, { index, volume: name, path, subPath }) : path
    mounts.push({
      containerPath: mountPath.startsWith('/') ? mountPath : `/${mountPath}`,
      hostPath,
      readonly: mount.readOnly || isDataOnly(volume ?? {}),
      propagation: propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations],
    })
  }
  return mounts
}

/** What the kubelet writes into such volumes, containers may only read. */
function isDataOnly(volume: Partial<Record<'configMap' | 'secret' | 'projected' | 'downwardAPI', unknown>>): boolean {
  return Boolean(volume.configMap || volume.secret || volume.projected || volume.downwardAPI)
}

async function bound(
  { host, paths, pod, container }: MountInput,
  part: { readonly index: number; readonly volume: string; readonly path: string; readonly subPath: string },
): Promise<string> {
  const target = paths.subPath(pod.metadata.uid, part.volume, container.name, part.index)
  await bindSubPath(host, { volume: part.path, subPath: part.subPath, target, mode: 0o750 })
  return target
}
