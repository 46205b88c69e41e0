/** Certificates and kubeconfigs of a control plane node: one phase for each, out of the tables in pki/. */
import { join } from 'node:path'
import { parseDuration } from '../../base/duration.ts'
import type { Host } from '../../host/host.ts'
import { type CertificateName, certificates, type PkiConfig } from '../../pki/certificates.ts'
import { ensurePki, loadAuthority } from '../../pki/ensure-pki.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { ensureKubeconfigs, type KubeconfigName } from '../../pki/kubeconfig.ts'
import { apiEndpoint, type ControlPlaneContext, hostPort } from '../node-context.ts'
import { paths } from '../paths.ts'
import type { Phase } from './phase.ts'

/** PKI files through the one door to the machine, so that dry runs see them too. */
export function pkiFiles({ files }: Pick<Host, 'files'>): PkiFiles {
  return {
    read: path => files.readIfThere(path),
    write: (path, content, mode) => files.write(path, content, { mode }),
    overwrite: (path, content) => files.overwrite(path, content),
    rename: (from, to) => files.rename(from, to),
    remove: path => files.remove(path),
  }
}

/** What this machine's certificates depend on. */
export async function pkiConfig(
  context: Pick<ControlPlaneContext, 'cluster' | 'endpoint'> & { readonly node: { readonly name: string } },
): Promise<PkiConfig> {
  const { networking, etcd, apiServer, controlPlaneEndpoint, ...cluster } = await context.cluster()
  const period = (text: string) => parseDuration(text)!
  return {
    nodeName: context.node.name,
    advertiseAddress: context.endpoint.advertiseAddress,
    serviceCIDR: networking.serviceSubnet,
    dnsDomain: networking.dnsDomain,
    ...(controlPlaneEndpoint && { controlPlaneEndpoint }),
    ...(apiServer.certSANs && { extraSANs: apiServer.certSANs }),
    ...(etcd.local?.serverCertSANs && { etcdServerSANs: etcd.local.serverCertSANs }),
    ...(etcd.local?.peerCertSANs && { etcdPeerSANs: etcd.local.peerCertSANs }),
    algorithm: cluster.encryptionAlgorithm,
    certificateValidity: period(cluster.certificateValidityPeriod),
    caValidity: period(cluster.caCertificateValidityPeriod),
  }
}

const ofEtcd = (name: CertificateName | 'sa') => name.startsWith('etcd/') || name === 'apiserver-etcd-client'
/** `init phase certs etcd-ca` makes etcd/ca. */
const phaseName = (name: string) => name.replace('/', '-')

const names: readonly (CertificateName | 'sa')[] = [...certificates.map(({ name }) => name), 'sa']

/** One phase per certificate. With an external etcd, its certificates are the user's. */
export const certsPhase: Phase<ControlPlaneContext> = {
  name: 'certs',
  does: 'Make the certificates that are missing',
  phases: names.map(name => ({
    name: phaseName(name),
    does: name === 'sa' ? 'Key pair of service account tokens' : `Certificate ${name}`,
    when: async context => !ofEtcd(name) || Boolean((await context.cluster()).etcd.local),
    run: async context => {
      const { certificatesDir } = await context.cluster()
      await ensurePki(certificatesDir, await pkiConfig(context), { which: [name], files: pkiFiles(context.host) })
    },
  })),
}

const does: Readonly<Record<KubeconfigName, string>> = {
  'admin.conf': 'For administrators',
  'super-admin.conf': 'For the one who must get past RBAC; keep it in a safe place',
  'kubelet.conf': 'For the kubelet',
  'controller-manager.conf': 'For the controller manager',
  'scheduler.conf': 'For the scheduler',
}

/** One phase per kubeconfig. */
export function kubeconfigPhase(which: readonly KubeconfigName[]): Phase<ControlPlaneContext> {
  return {
    name: 'kubeconfig',
    does: 'Make the kubeconfigs that are missing',
    phases: which.map(name => ({
      name: name.replace('.conf', ''),
      does: `Kubeconfig ${name}: ${does[name].toLowerCase()}`,
      run: context => ensureKubeconfig(context, name),
    })),
  }
}

async function ensureKubeconfig(context: ControlPlaneContext, name: KubeconfigName): Promise<void> {
  const { endpoint, host, node, say } = context
  const cluster = await context.cluster()
  const files = pkiFiles(host)
  const config = {
    nodeName: node.name,
    controlPlaneServer: `https://${apiEndpoint(cluster, endpoint)}`,
    localServer: `https://${hostPort(endpoint.advertiseAddress, endpoint.bindPort)}`,
    clusterName: cluster.clusterName,
    algorithm: cluster.encryptionAlgorithm,
    certificateValidity: parseDuration(cluster.certificateValidityPeriod)!,
  }
  const [made] = await ensureKubeconfigs(paths.kubernetes, await authority(context), config, { which: [name], files })
  if (made?.otherServer) say(`  ${join(paths.kubernetes, name)} is kept; it points to ${made.otherServer}`)
}

async function authority(context: ControlPlaneContext) {
  const { certificatesDir } = await context.cluster()
  return loadAuthority(certificatesDir, 'ca', pkiFiles(context.host))
}
