/** Brings image archives into containerd, where CRI sees them. */
import { join } from 'node:path'
import type { Host } from '../../../host/host.ts'
import type { Cri } from '../../cri/cri.ts'
import { packPause, pauseImage } from './pause.ts'

const importTimeout = 10 * 60_000

/** Imports an OCI or Docker archive for Kubernetes to use; answers the names it brought. */
export async function importImage(host: Host, socket: string, archive: string): Promise<readonly string[]> {
  const args = ['-a', socket, '-n', 'k8s.io', 'images', 'import', archive]
  const { stdout } = await host.processes.run('ctr', args, {
    timeout: importTimeout,
  })
  return stdout.split('\n').flatMap(line => /^unpacking (\S+)/.exec(line)?.[1] ?? [])
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
