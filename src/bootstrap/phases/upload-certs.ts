/** The shared certificates, encrypted, for machines that join the control plane within two hours. */
import { generateCertificateKey, uploadCertificates } from '../certs/upload-certs.ts'
import type { ControlPlaneContext } from '../node-context.ts'
import { pkiFiles } from './certs.ts'
import type { Phase } from './phase.ts'

export interface UploadCerts extends ControlPlaneContext {
  readonly uploadCerts: boolean
  /** Given by the user; made when it is not. */
  certificateKey?: string
  readonly showCertificateKey: boolean
}

export const uploadCertsPhase: Phase<UploadCerts> = {
  name: 'upload-certs',
  does: 'Upload the shared certificates for two hours',
  when: context => context.uploadCerts,
  async run(context) {
    if (!context.uploadCerts) {
      context.say('[upload-certs] Skipping phase. Please see --upload-certs')
      return
    }
    const key = context.certificateKey ?? generateCertificateKey()
    context.certificateKey = key
    const { certificatesDir, etcd } = await context.cluster()
    const files = pkiFiles(context.host)
    const options = { files, ...(etcd.external && { externalEtcd: etcd.external }) }
    if (!context.dryRun) await uploadCertificates(await context.admin(), certificatesDir, key, options)
    context.say('[upload-certs] Storing the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace')
    if (context.showCertificateKey) context.say(`[upload-certs] Using certificate key:\n${key}`)
  },
}
