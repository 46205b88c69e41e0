import type { KeyAlgorithm } from './keys.ts'
import { addressBytes, addressText, type Subject } from './names.ts'
import type { Usage } from './usages.ts'

/** What the certificates of one cluster and machine depend on. */
export interface PkiConfig {
  readonly nodeName: string
  readonly advertiseAddress: string
  /** One or two (dual stack), comma separated. */
  readonly serviceCIDR: string
  readonly dnsDomain: string
  /** host, host:port, [v6]:port */
  readonly controlPlaneEndpoint?: string
  readonly extraSANs?: readonly string[]
  readonly etcdServerSANs?: readonly string[]
  readonly etcdPeerSANs?: readonly string[]
  /** @default ECDSA-P256 */
  readonly algorithm?: KeyAlgorithm
  /** Milliseconds. @default 8760 h */
  readonly certificateValidity?: number
  /** Milliseconds. @default 87600 h */
  readonly caValidity?: number
}

/** One row of the table: a certificate and key at `<name>.crt` and `<name>.key` under the folder. */
export interface CertificateSpec {
  readonly name: CertificateName
  /** Who signs it; absent for an authority, which signs itself. */
  readonly by?: AuthorityName
  readonly subject: (config: PkiConfig) => Subject
  readonly usages: readonly Usage[]
  /** DNS names and addresses. */
  readonly names?: (config: PkiConfig) => readonly string[]
}

export type AuthorityName = 'ca' | 'front-proxy-ca' | 'etcd/ca'

export type CertificateName =
  | AuthorityName
  | 'apiserver'
  | 'apiserver-kubelet-client'
  | 'front-proxy-client'
  | 'etcd/server'
  | 'etcd/peer'
  | 'etcd/healthcheck-client'
  | 'apiserver-etcd-client'

const called = (commonName: string) => () => ({ commonName })
const authority: readonly Usage[] = ['digital signature', 'key encipherment', 'cert sign']
const client: readonly Usage[] = ['digital signature', 'key encipherment', 'client auth']
const server: readonly Usage[] = ['digital signature', 'key encipherment', 'server auth']
const both: readonly Usage[] = [...server, 'client auth']
const etcdNames = (c: PkiConfig) => [c.nodeName, 'localhost', c.advertiseAddress, '127.0.0.1', '::1']

/** kubeadm's certificates, authorities before what they sign. */
export const certificates: readonly CertificateSpec[] = [
  { name: 'ca', subject: called('kubernetes'), usages: authority, names: () => ['kubernetes'] },
  { name: 'apiserver', by: 'ca', subject: called('kube-apiserver'), usages: server, names: apiServerNames },
  { name: 'apiserver-kubelet-client', by: 'ca', subject: called('kube-apiserver-kubelet-client'), usages: client },
  { name: 'front-proxy-ca', subject: called('front-proxy-ca'), usages: authority, names: () => ['front-proxy-ca'] },
  { name: 'front-proxy-client', by: 'front-proxy-ca', subject: called('front-proxy-client'), usages: client },
  { name: 'etcd/ca', subject: called('etcd-ca'), usages: authority, names: () => ['etcd-ca'] },
  {
    name: 'etcd/server',
    by: 'etcd/ca',
    subject: c => ({ commonName: c.nodeName }),
    usages: both,
    names: c => [...etcdNames(c), ...(c.etcdServerSANs ?? [])],
  },
  {
    name: 'etcd/peer',
    by: 'etcd/ca',
    subject: c => ({ commonName: c.nodeName }),
    usages: both,
    names: c => [...etcdNames(c), ...(c.etcdPeerSANs ?? [])],
  },
  { name: 'etcd/healthcheck-client', by: 'etcd/ca', subject: called('kube-etcd-healthcheck-client'), usages: client },
  { name: 'apiserver-etcd-client', by: 'etcd/ca', subject: called('kube-apiserver-etcd-client'), usages: client },
]

/** The key pair that signs service account tokens: `sa.key` and `sa.pub`. */
export const serviceAccountKey = 'sa'

function apiServerNames(config: PkiConfig): string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${config.dnsDomain}`,
  ]
  return [
    config.nodeName,
    ...service,
    ...config.serviceCIDR.split(',').map(firstAddress),
    config.advertiseAddress,
    ...(config.controlPlaneEndpoint ? [hostOf(config.controlPlaneEndpoint)] : []),
    ...(config.extraSANs ?? []),
  ]
}

/** The first usable address of a network: what the `kubernetes` Service gets. */
function firstAddress(cidr: string): string {
  const [address = ''] = cidr.trim().split('/')
  const bytes = addressBytes(address)
  for (let i = bytes.length - 1; i >= 0; i -= 1) {
    bytes[i] = (bytes[i]! + 1) & 0xff
    if (bytes[i] !== 0) break
  }
  return addressText(bytes)
}

function hostOf(endpoint: string): string {
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(endpoint)
  if (bracketed) return bracketed[1]!
  return endpoint.split(':').length === 2 ? endpoint.replace(/:\d+$/, '') : endpoint
}
