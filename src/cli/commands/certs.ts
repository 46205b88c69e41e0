import { dirname, join } from 'node:path'
import { parseDuration } from '../../base/duration.ts'
import { type CertificateFolders, renewableCertificates } from '../../bootstrap/certs/certificate-table.ts'
import {
  expirationObject,
  expirationTables,
  hasEtcd,
  readExpirations,
  readKubeletExpirations,
} from '../../bootstrap/certs/expiration.ts'
import { generateRequests } from '../../bootstrap/certs/generate-csr.ts'
import { renewCertificate } from '../../bootstrap/certs/renew.ts'
import { generateCertificateKey } from '../../bootstrap/certs/upload-certs.ts'
import { apiEndpoint, hostPort } from '../../bootstrap/node-context.ts'
import { paths } from '../../bootstrap/paths.ts'
import { pkiConfig } from '../../bootstrap/phases/certs.ts'
import { loadKubeconfig } from '../../client/kubeconfig.ts'
import { linuxHost } from '../../host/host.ts'
import { loadAuthority } from '../../pki/ensure-pki.ts'
import { clientKubeconfig, kubeconfigText } from '../../pki/kubeconfig.ts'
import type { Call } from '../command.ts'
import { printResult, writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'
import { type KnownConfiguration, knownConfiguration } from './known-configuration.ts'

function foldersOf({ options }: Call, { cluster }: Pick<KnownConfiguration, 'cluster'>): CertificateFolders {
  const dir = String(options.certDir ?? cluster.certificatesDir)
  return { dir, kubernetesDir: String(options.kubeconfigDir) }
}

/** Whether the machine is to have certificates of an etcd; undefined: what is found there decides. */
const etcdOf = ({ cluster, from }: KnownConfiguration) =>
  from === 'defaults' ? undefined : cluster.etcd.local !== undefined

/** `kobune certs check-expiration` */
export async function checkExpiration(call: Call): Promise<number> {
  const known = await knownConfiguration(call)
  const etcd = etcdOf(known)
  const found = {
    ...(await readExpirations(foldersOf(call, known), etcd === undefined ? {} : { etcd })),
    kubelet: await readKubeletExpirations(dirname(paths.kubeletClientCertificate)),
  }
  const now = Date.now()
  if (call.options.output === 'text') writeLine(expirationTables(found, now))
  else await printResult(call.options.output, expirationObject(found, now), () => '')
  return 0
}

/** `kobune certs renew NAME|all` */
export async function renew(call: Call): Promise<number> {
  const known = await knownConfiguration(call)
  const folders = foldersOf(call, known)
  const etcd = etcdOf(known) ?? (await hasEtcd(folders))
  const name = String(call.args[0])
  const entries = renewableCertificates.filter(entry => (name === 'all' ? etcd || !entry.ofEtcd : entry.name === name))
  const { certificateValidityPeriod, encryptionAlgorithm } = known.cluster
  const settings = {
    ...folders,
    now: Date.now(),
    validity: parseDuration(certificateValidityPeriod)!,
    // What nobody configured stays as it was.
    ...(known.from !== 'defaults' && { algorithm: encryptionAlgorithm }),
  }
  const said = { renewed: '', missing: 'MISSING! ', external: 'EXTERNAL! ' }
  let found = false
  for (const { name: which, does, authority } of entries) {
    const became = await renewCertificate(which, settings)
    found ||= became !== 'missing'
    const end = { renewed: ' renewed', missing: '', external: `: the key of ${authority} is kept elsewhere` }[became]
    writeLine(`${said[became]}${does}${end}`)
  }
  if (!found) {
    throw new UserError(
      `nothing was renewed: there is no such certificate in ${folders.dir} or ${folders.kubernetesDir}`,
      {
        hint: 'kobune certs renew on a machine of the control plane; kubelets renew theirs by themselves',
      },
    )
  }
  writeLine('')
  const components = 'kube-apiserver, kube-controller-manager, kube-scheduler and etcd'
  writeLine(
    (await runsOthers(folders))
      ? `Done renewing certificates. You must restart the ${components}, so that they can use the new certificates.`
      : `Done renewing certificates. ${components} use the new certificates within seconds: you need not restart them.`,
  )
  return 0
}

/** Whether upstream's components run here, which do not follow their files. */
async function runsOthers({ kubernetesDir }: CertificateFolders): Promise<boolean> {
  const manifest = await linuxHost.files.readIfThere(join(kubernetesDir, 'manifests/kube-controller-manager.yaml'))
  return manifest !== undefined && /^ *- kube-controller-manager$/m.test(manifest) && !/^ *- \/kobune$/m.test(manifest)
}

/** `kobune certs certificate-key` */
export async function certificateKey(): Promise<number> {
  writeLine(generateCertificateKey())
  return 0
}

/** `kobune certs generate-csr` */
export async function generateCsr(call: Call): Promise<number> {
  const known = await knownConfiguration(call)
  const { init, cluster } = known
  const { nodeRegistration: node, localAPIEndpoint: endpoint } = init
  const pki = await pkiConfig({ node, endpoint, cluster: async () => cluster })
  const kubeconfigs = {
    nodeName: node.name,
    controlPlaneServer: `https://${apiEndpoint(cluster, endpoint)}`,
    localServer: `https://${hostPort(endpoint.advertiseAddress, endpoint.bindPort)}`,
    clusterName: cluster.clusterName,
    algorithm: cluster.encryptionAlgorithm,
  }
  const etcd = cluster.etcd.local !== undefined
  for (const path of await generateRequests({ ...foldersOf(call, known), pki, kubeconfigs, etcd }))
    writeLine(`[generate-csr] ${path}`)
  return 0
}

/** `kobune kubeconfig user` */
export async function userKubeconfig(call: Call): Promise<number> {
  const { clientName, org, token, validityPeriod } = call.options
  if (typeof clientName !== 'string' || clientName === '') {
    throw new UserError('--client-name is required', { hint: 'kobune kubeconfig user --client-name ada', exitCode: 2 })
  }
  const validity = parseDuration(String(validityPeriod ?? '8760h'))
  if (validity === undefined || validity <= 0)
    throw new UserError(`--validity-period: ${validityPeriod} is no duration such as 8760h`, { exitCode: 2 })
  const known = await knownConfiguration(call)
  const { cluster } = known
  const server = await serverOf(call, known)
  const dir = String(call.options.certDir ?? cluster.certificatesDir)
  const { clusterName } = cluster
  if (token !== undefined) {
    const user = { name: clientName, token: String(token) }
    const ca = await linuxHost.files.read(join(dir, 'ca.crt'))
    process.stdout.write(kubeconfigText({ clusterName, server, ca, user }))
    return 0
  }
  const by = await loadAuthority(dir, 'ca')
  const subject = { commonName: clientName, organizations: (org as string[] | undefined) ?? [] }
  const { encryptionAlgorithm: algorithm } = cluster
  const how = { server, clusterName, algorithm, certificateValidity: validity, now: Date.now() }
  process.stdout.write(await clientKubeconfig(by, subject, how))
  return 0
}

/** Where administrators reach the cluster, unless a file says where that is. */
async function serverOf({ options }: Call, { cluster, init, from }: KnownConfiguration): Promise<string> {
  if (from === 'file' || cluster.controlPlaneEndpoint) return `https://${apiEndpoint(cluster, init.localAPIEndpoint)}`
  return loadKubeconfig(String(options.kubeconfig)).then(
    ({ server }) => server,
    () => `https://${apiEndpoint(cluster, init.localAPIEndpoint)}`,
  )
}
