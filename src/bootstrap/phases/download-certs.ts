/** The shared certificates of the control plane, out of the cluster or brought by hand. */
import { join } from 'node:path'
import { sharedFiles } from '../certs/shared-files.ts'
import { writeDownloaded } from '../certs/upload-certs.ts'
import type { ControlPlaneJoin } from '../join.ts'
import { pkiFiles } from './certs.ts'
import type { Phase } from './phase.ts'

/** Looks whether this machine can get what it needs, and changes nothing. Throws with what is missing and how to bring it. */
export async function checkShared(context: ControlPlaneJoin): Promise<void> {
  if (context.join.controlPlane?.certificateKey) {
    await context.uploaded()
    return
  }
  const { certificatesDir, etcd } = await context.cluster()
  const missing: string[] = []
  for (const { path } of sharedFiles(etcd.external)) {
    const file = path.startsWith('/') ? path : join(certificatesDir, path)
    if (!(await context.host.files.exists(file))) missing.push(file)
  }
  if (missing.length === 0) return
  throw new Error(
    `these files of the control plane are missing here: ${missing.join(', ')}. Upload them on a machine of the control plane with "kobune init phase upload-certs --upload-certs" and give --certificate-key, or bring them with "kobune certs export" and "kobune certs import"`,
  )
}

export const downloadCertsPhase: Phase<ControlPlaneJoin> = {
  name: 'download-certs',
  does: 'Get the shared certificates',
  async run(context) {
    await checkShared(context)
    if (!context.join.controlPlane?.certificateKey) return
    const { certificatesDir, etcd } = await context.cluster()
    const options = { files: pkiFiles(context.host), ...(etcd.external && { externalEtcd: etcd.external }) }
    await writeDownloaded(certificatesDir, await context.uploaded(), options)
  },
}
