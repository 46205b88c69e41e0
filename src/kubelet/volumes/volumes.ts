/** The volumes of pods on this machine: made before the sandbox, kept current while the pod runs, removed after it. */
import type { Volume } from '../../api/core/v1/volume.ts'
import type { Host } from '../../host/host.ts'
import { quantityValue } from '../../machinery/quantity.ts'
import type { Pod } from '../pod/types.ts'
import type { PodPaths } from '../pod-paths.ts'
import { claimedPath } from './claims.ts'
import { prepareHostPath } from './host-path.ts'
import { type PayloadOwner, writePayload } from './payload.ts'
import { VolumeError } from './volume-error.ts'
import { type PayloadSources, volumePayload } from './volume-payload.ts'

export interface Volumes {
  /** Makes what is missing and refreshes what is there; answers where each volume is. Throws VolumeError. */
  setUp(pod: Pod): Promise<ReadonlyMap<string, string>>
  /** Writes anew what is made of data. */
  refresh(pod: Pod): Promise<void>
  /** Unmounts and removes everything of a pod, its folder included. */
  tearDown(podUid: string): Promise<void>
}

export interface VolumesOptions extends PayloadSources {
  readonly host: Host
  readonly paths: PodPaths
}

/** Which folder a volume made here is in, and whether that is memory: secrets must not reach a disk. */
const plugins = {
  emptyDir: { plugin: 'empty-dir', memory: false },
  configMap: { plugin: 'configmap', memory: false },
  secret: { plugin: 'secret', memory: true },
  downwardAPI: { plugin: 'downward-api', memory: false },
  projected: { plugin: 'projected', memory: true },
} as const

export function podVolumes(options: VolumesOptions): Volumes {
  const { host, paths } = options

  async function setUpOne(pod: Pod, volume: Volume): Promise<string | undefined> {
    const { hostPath, persistentVolumeClaim, emptyDir, image } = volume
    if (hostPath) {
      await prepareHostPath(host, hostPath.path, hostPath.type)
      return hostPath.path
    }
    if (persistentVolumeClaim) {
      const claim = await claimedPath(pod, persistentVolumeClaim.claimName, options.objects)
      await prepareHostPath(host, claim.path, claim.type)
      return claim.path
    }
    // Mounted by the runtime itself.
    if (image) return undefined
    const kind = Object.keys(plugins).find(k => volume[k as keyof typeof plugins]) as keyof typeof plugins | undefined
    if (!kind)
      throw new Error(`this node has no plugin for volumes of type ${Object.keys(volume).find(k => k !== 'name')}`)
    const { plugin, memory } = plugins[kind]
    const folder = paths.volume(pod.metadata.uid, plugin, volume.name)
    if (emptyDir) await emptyDirectory(host, folder, emptyDir, pod.spec.securityContext.fsGroup)
    else await dataVolume(pod, volume, folder, memory)
    return folder
  }

  async function dataVolume(pod: Pod, volume: Volume, folder: string, memory: boolean): Promise<void> {
    // Before anything is made, so that a missing object leaves nothing behind.
    const payload = await volumePayload(pod, volume, options)
    const { fsGroup } = pod.spec.securityContext
    if (memory && !(await host.mounts.isMountPoint(folder))) await host.mounts.tmpfs(folder)
    await host.files.makeDirectory(folder, { mode: fsGroup === undefined ? 0o755 : 0o2775, ...owner(fsGroup) })
    const readable = fsGroup === undefined ? 0 : 0o440
    const files = new Map([...payload!].map(([path, file]) => [path, { ...file, mode: file.mode | readable }]))
    await writePayload(host, folder, files, owner(fsGroup).owner)
  }

  return {
    async setUp(pod) {
      const found = new Map<string, string>()
      const set = async (volume: Volume) => {
        try {
          const path = await setUpOne(pod, volume)
          if (path !== undefined) found.set(volume.name, path)
        } catch (error) {
          throw new VolumeError(volume.name, error instanceof Error ? error.message : String(error), error)
        }
      }
      await Promise.all((pod.spec.volumes ?? []).map(set))
      return found
    },

    async refresh(pod) {
      for (const volume of pod.spec.volumes ?? []) {
        if (volume.emptyDir || volume.hostPath || volume.persistentVolumeClaim) continue
        await setUpOne(pod, volume)
      }
    },

    async tearDown(podUid) {
      const folder = paths.pod(podUid)
      if (!(await host.files.exists(folder))) return
      await host.mounts.unmount(folder)
      await host.files.remove(folder)
    },
  }
}

function owner(fsGroup: number | undefined): { readonly owner?: PayloadOwner } {
  return fsGroup === undefined ? {} : { owner: { uid: 0, gid: fsGroup } }
}

async function emptyDirectory(
  host: Host,
  folder: string,
  { medium = '', sizeLimit }: NonNullable<Volume['emptyDir']>,
  fsGroup: number | undefined,
): Promise<void> {
  if (medium === 'Memory' && !(await host.mounts.isMountPoint(folder))) {
    await host.mounts.tmpfs(folder, sizeLimit ? { size: quantityValue(sizeLimit) } : {})
  } else if (medium !== '' && medium !== 'Memory') throw new Error(`unknown storage medium "${medium}"`)
  if ((await host.files.exists(folder)) && medium === '') return
  await host.files.makeDirectory(folder, { mode: fsGroup === undefined ? 0o777 : 0o2777, ...owner(fsGroup) })
}
