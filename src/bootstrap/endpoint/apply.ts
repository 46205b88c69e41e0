/** `kobune config endpoint apply`: this machine takes up the endpoint that the cluster has. */
import { parseDuration } from '../../base/duration.ts'
import type { Client } from '../../client/client.ts'
import type { Host } from '../../host/host.ts'
import type { ClusterConfiguration } from '../config/types.ts'
import { paths } from '../paths.ts'
import { pkiFiles } from '../phases/certs.ts'
import { storedCluster } from '../stored-cluster.ts'
import { withServer } from './kubeconfig-server.ts'
import { addServerNames } from './server-names.ts'

/** The host of `host:port`, without the brackets of IPv6. */
export function hostOf(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

/** Names that every API server of a cluster answers to, besides those of its own machine. */
export function serverNames({ apiServer, controlPlaneEndpoint }: ClusterConfiguration): readonly string[] {
  return [...new Set([...(apiServer.certSANs ?? []), ...(controlPlaneEndpoint ? [hostOf(controlPlaneEndpoint)] : [])])]
}

/** Adds the cluster's names to the certificate of this machine's API server; says so when that changed it. */
export async function applyNames(
  host: Host,
  cluster: ClusterConfiguration,
  say: (line: string) => void,
): Promise<void> {
  const { certificatesDir, certificateValidityPeriod } = cluster
  if (!(await host.files.exists(`${certificatesDir}/apiserver.crt`))) return
  const changed = await addServerNames(certificatesDir, serverNames(cluster), {
    files: pkiFiles(host),
    now: Date.now(),
    validity: parseDuration(certificateValidityPeriod)!,
  })
  if (changed) say(`  ${certificatesDir}/apiserver.crt has new names`)
}

/** Kubeconfigs that go by the way that all have in common; the others go to the API server of their machine. */
const common = [paths.adminConf, paths.superAdminConf, paths.kubeletConf]

/** Points the kubeconfigs of this machine to the endpoint. What runs follows them. */
export async function applyServer(host: Host, endpoint: string, say: (line: string) => void): Promise<void> {
  for (const file of common) {
    const text = await host.files.readIfThere(file)
    const changed = text && withServer(text, file, `https://${endpoint}`)
    if (!changed) continue
    await host.files.write(file, changed, { mode: 0o600 })
    say(`  ${file} goes to https://${endpoint}`)
  }
}

/** All of it, on any machine of the cluster. */
export async function applyEndpoint(host: Host, client: Client, say: (line: string) => void): Promise<void> {
  const cluster = await storedCluster(host, client)
  await applyNames(host, cluster, say)
  if (cluster.controlPlaneEndpoint) await applyServer(host, cluster.controlPlaneEndpoint, say)
}
