/**
 * Kubeconfigs of the control plane are replaced in one step, but for those that static pods mount by themselves: there,
 * only what is written into the same file is seen. A copy beside it, whole, lasts until that is done.
 */
import { basename, dirname, join } from 'node:path'
import type { PkiFiles } from '../../pki/files.ts'

const mountedByThemselves: readonly string[] = ['controller-manager.conf', 'scheduler.conf']

const copyOf = (file: string) => join(dirname(file), `.${basename(file)}.new`)

/** Writes one that is there already. */
export async function writeKubeconfig(files: PkiFiles, file: string, text: string): Promise<void> {
  if (!mountedByThemselves.includes(basename(file))) return files.write(file, text, 0o600)
  await files.write(copyOf(file), text, 0o600)
  await files.overwrite(file, text)
  await files.remove(copyOf(file))
}

/** Ends what a crash cut off: a copy that is still there is whole, and its file may not be. */
export async function mendKubeconfigs(files: PkiFiles, kubernetesDir: string): Promise<void> {
  for (const name of mountedByThemselves) {
    const file = join(kubernetesDir, name)
    const text = await files.read(copyOf(file))
    if (text === undefined) continue
    if ((await files.read(file)) !== undefined) await files.overwrite(file, text)
    await files.remove(copyOf(file))
  }
}
