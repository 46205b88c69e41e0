/** Certificates are renewed together with the component that uses them. */
import { parseDuration } from '../../base/duration.ts'
import { renewCertificate } from '../certs/renew.ts'
import type { StaticPodName } from '../manifests/static-pod.ts'
import { paths } from '../paths.ts'
import { pkiFiles } from '../phases/certs.ts'
import { type ControlPlaneUpgrade, certificatesFolder } from './context.ts'

/** By the names of `certs renew`; etcd's client is of no use with an external etcd. */
const used: Readonly<Record<StaticPodName, readonly string[]>> = {
  etcd: ['etcd-server', 'etcd-peer', 'etcd-healthcheck-client'],
  'kube-apiserver': ['apiserver', 'apiserver-kubelet-client', 'front-proxy-client', 'apiserver-etcd-client'],
  'kube-controller-manager': ['controller-manager.conf'],
  'kube-scheduler': ['scheduler.conf'],
}

const ofAdministrators = ['admin.conf', 'super-admin.conf']

export async function renewCertificatesOf(context: ControlPlaneUpgrade, name: StaticPodName): Promise<void> {
  await renew(context, used[name])
}

export async function renewAdministrators(context: ControlPlaneUpgrade): Promise<void> {
  await renew(context, ofAdministrators)
}

async function renew(context: ControlPlaneUpgrade, names: readonly string[]): Promise<void> {
  const { host, say } = context
  const { certificateValidityPeriod, encryptionAlgorithm: algorithm, etcd } = await context.cluster()
  const dir = await certificatesFolder(context)
  const validity = parseDuration(certificateValidityPeriod)!
  for (const name of names) {
    if (name === 'apiserver-etcd-client' && !etcd.local) continue
    const how = { dir, kubernetesDir: paths.kubernetes, now: Date.now(), validity, algorithm, files: pkiFiles(host) }
    const became = await renewCertificate(name, how)
    if (became === 'renewed') say(`[upgrade/staticpods] Renewing ${name} certificate`)
    if (became === 'external')
      say(`[upgrade/staticpods] ${name} is not renewed: the key of its authority is kept elsewhere`)
  }
}
