/**
 * All certificates of a control plane machine that expire and can be renewed: the leaves of the folder of certificates
 * and those in kubeconfig files, under the names that people give to `certs renew`. Commands and the renewal that runs
 * by itself read this table. Not in it: kubelet.conf, which the kubelet renews, and the authorities.
 */
import { join } from 'node:path'
import type { AuthorityName, CertificateName } from '../../pki/certificates.ts'
import type { KubeconfigName } from '../../pki/kubeconfig.ts'

/** Where the files of a machine are. */
export interface CertificateFolders {
  /** /etc/kubernetes/pki */
  readonly dir: string
  /** /etc/kubernetes */
  readonly kubernetesDir: string
}

/** kubelet.conf is the kubelet's own business; `up` makes one for the proxy, too. */
type RenewableKubeconfig = Exclude<KubeconfigName, 'kubelet.conf'> | 'kube-proxy.conf'

export interface RenewableCertificate {
  /** What `certs renew` and `certs check-expiration` call it. */
  readonly name: string
  /** What it is for, in words. */
  readonly does: string
  readonly authority: AuthorityName
  /** The pair `<certificate>.crt` and `.key` under the folder of certificates, or else a kubeconfig file. */
  readonly certificate?: Exclude<CertificateName, AuthorityName>
  readonly kubeconfig?: RenewableKubeconfig
  /** There is none of it with an external etcd, or with none. */
  readonly ofEtcd: boolean
}

function leaf(certificate: Exclude<CertificateName, AuthorityName>, authority: AuthorityName, does: string) {
  return { name: certificate.replace('/', '-'), does, authority, certificate, ofEtcd: authority === 'etcd/ca' }
}

function conf(kubeconfig: RenewableKubeconfig, whom: string) {
  const does = `certificate embedded in the kubeconfig file for ${whom}`
  return { name: kubeconfig, does, authority: 'ca' as const, kubeconfig, ofEtcd: false }
}

/** By name, as tables show them. */
export const renewableCertificates: readonly RenewableCertificate[] = [
  conf('admin.conf', 'the admin to use'),
  leaf('apiserver', 'ca', 'certificate for serving the Kubernetes API'),
  leaf('apiserver-etcd-client', 'etcd/ca', 'certificate the apiserver uses to access etcd'),
  leaf('apiserver-kubelet-client', 'ca', 'certificate for the API server to connect to kubelet'),
  conf('controller-manager.conf', 'the controller manager to use'),
  leaf('etcd/healthcheck-client', 'etcd/ca', 'certificate for liveness probes to healthcheck etcd'),
  leaf('etcd/peer', 'etcd/ca', 'certificate for etcd nodes to communicate with each other'),
  leaf('etcd/server', 'etcd/ca', 'certificate for serving etcd'),
  leaf('front-proxy-client', 'front-proxy-ca', 'certificate for the front proxy client'),
  conf('scheduler.conf', 'the scheduler to use'),
  conf('super-admin.conf', 'the super-admin'),
]

/** All that is renewed by itself where it is there: those of `up`, too, which kubeadm's commands do not know. */
export const renewedCertificates: readonly RenewableCertificate[] = [
  ...renewableCertificates,
  conf('kube-proxy.conf', 'a proxy that is no pod'),
]

/** The authorities, by what tables call them. */
export const authorityNames: Readonly<Record<string, AuthorityName>> = {
  ca: 'ca',
  'etcd-ca': 'etcd/ca',
  'front-proxy-ca': 'front-proxy-ca',
}

/** What tables call an authority. */
export const shownAuthority = (name: AuthorityName) => name.replace('/', '-')

/** The entry of a name; undefined when there is none. */
export function renewableCertificate(name: string): RenewableCertificate | undefined {
  return renewedCertificates.find(entry => entry.name === name)
}

/** The file that has the certificate. */
export function certificateFile(entry: RenewableCertificate, { dir, kubernetesDir }: CertificateFolders): string {
  return entry.kubeconfig ? join(kubernetesDir, entry.kubeconfig) : join(dir, `${entry.certificate}.crt`)
}
