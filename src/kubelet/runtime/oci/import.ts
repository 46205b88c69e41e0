/** Brings image archives into containerd, where CRI sees them. */
import { join } from 'node:path'
import type { Host } from '../../../host/host.ts'
import type { Cri } from '../../cri/cri.ts'
import { packPause, pauseImage } from './pause.ts'

const importTimeout = 10 * 60_000

/** Imports an OCI or Docker archive for Kubernetes to use; answers the names it brought. */
export async function importImage(host: Host, socket: string, archive: string): Promise<readonly string[]> {
  const names = await archiveNames(host, archive)
  const args = ['-a', socket, '-n', 'k8s.io', 'images', 'import', archive]
  await host.processes.run('ctr', args, { timeout: importTimeout })
  return names
}

interface ArchiveIndex {
  readonly manifests?: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[]
}

const blobOf = (digest: string) => `blobs/sha256/${digest.replace(/^sha256:/, '')}`

/** Where the layer on top of the (first) image of an OCI archive stands in it. */
export async function topLayer(host: Host, archive: string): Promise<string> {
  const read = async <T>(file: string) =>
    JSON.parse((await host.processes.run('tar', ['-xOf', archive, file])).stdout) as T
  const { manifests = [] } = await read<ArchiveIndex>('index.json')
  const { layers } = await read<{ layers: readonly { digest: string }[] }>(blobOf(manifests[0]!.digest))
  return blobOf(layers.at(-1)!.digest)
}

/** What ctr prints differs between versions, so the names come from the archive: OCI's index, else Docker's manifest. */
async function archiveNames(host: Host, archive: string): Promise<readonly string[]> {
  const read = async (file: string) => {
    const { code, stdout } = await host.processes.run('tar', ['-xOf', archive, file], { okCodes: [2] })
    return code === 0 ? stdout : undefined
  }
  const index = JSON.parse((await read('index.json')) ?? '{}') as ArchiveIndex
  const named = (index.manifests ?? []).flatMap(m => m.annotations?.['io.containerd.image.name'] ?? [])
  if (named.length > 0) return named
  const manifests = JSON.parse((await read('manifest.json')) ?? '[]') as readonly {
    readonly RepoTags?: readonly string[]
  }[]
  return manifests.flatMap(m => m.RepoTags ?? [])
}

/** Makes sure that the sandbox image is there, without a registry. `folder` is for the archive, which is removed again. */
export async function ensurePause(host: Host, cri: Cri, folder: string, name: string = pauseImage): Promise<void> {
  if (await cri.imageStatus(name)) return
  await host.files.makeDirectory(folder)
  const archive = join(folder, 'pause.tar')
  await packPause(archive, name)
  try {
    await importImage(host, cri.socket, archive)
  } finally {
    await host.files.remove(archive)
  }
}
