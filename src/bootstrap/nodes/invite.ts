/** Everything that a machine must be told to join: made anew, with what it needs uploaded. */
import type { Client } from '../../client/client.ts'
import { loadKubeconfig } from '../../client/kubeconfig.ts'
import type { Host } from '../../host/host.ts'
import { formatBootstrapToken, generateBootstrapToken } from '../../pki/bootstrap-token.ts'
import { caHash } from '../../pki/ca-hash.ts'
import { generateCertificateKey, uploadCertificates } from '../certs/upload-certs.ts'
import { tokenDefaults } from '../config/defaults.ts'
import type { ClusterConfiguration } from '../config/types.ts'
import { pemList } from '../discovery/discover.ts'
import type { JoinInvitation } from '../join-command.ts'
import { pkiFiles } from '../phases/certs.ts'
import { createToken } from '../tokens.ts'

/** Where a kubeconfig finds the cluster, as `join` is told it, and the pins of its authorities. */
export async function whereabouts(kubeconfig: string): Promise<Pick<JoinInvitation, 'endpoint' | 'caHashes'>> {
  const { server, ca } = await loadKubeconfig(kubeconfig)
  const { host, port, hostname } = new URL(server)
  return { endpoint: port ? host : `${hostname}:443`, caHashes: pemList(String(ca ?? '')).map(caHash) }
}

export interface Invite {
  readonly host: Pick<Host, 'files'>
  readonly client: Client
  readonly kubeconfig: string
  readonly cluster: ClusterConfiguration
  readonly controlPlane: boolean
}

/** Makes a token for a day and, for a machine of the control plane, uploads the shared certificates for two hours. */
export async function invite({ host, client, kubeconfig, cluster, controlPlane }: Invite): Promise<JoinInvitation> {
  const token = formatBootstrapToken(generateBootstrapToken())
  const invitation = { ...(await whereabouts(kubeconfig)), token, controlPlane }
  if (!controlPlane) {
    await createToken(client, tokenDefaults({ token }))
    return invitation
  }
  const certificateKey = generateCertificateKey()
  const { external } = cluster.etcd
  await uploadCertificates(client, cluster.certificatesDir, certificateKey, {
    files: pkiFiles(host as Host),
    ...(external && { externalEtcd: external }),
  })
  await createToken(client, tokenDefaults({ token }))
  return { ...invitation, certificateKey }
}
