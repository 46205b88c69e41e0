import type { Host } from '../../host/host.ts'
import { paths } from '../paths.ts'

/** A new folder for what was before, named as kubeadm names it: `kubeadm-backup-etcd-2026-01-31-12-30-59`. */
export async function backupFolder({ files }: Pick<Host, 'files'>, name: string): Promise<string> {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-')
  const folder = `${paths.kubernetesTmp}/${name}-${stamp}`
  await files.makeDirectory(paths.kubernetesTmp, { mode: 0o700 })
  await files.makeDirectory(folder, { mode: 0o700 })
  return folder
}
