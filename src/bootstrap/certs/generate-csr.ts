/**
 * Certificate requests for an authority whose key is kept elsewhere: a key and a request beside it for each certificate,
 * and for each kubeconfig a file that has all but the certificate.
 */
import { join } from 'node:path'
import { stringify } from 'yaml'
import { certificates, type PkiConfig } from '../../pki/certificates.ts'
import { createCsr } from '../../pki/csr.ts'
import { disk } from '../../pki/disk.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { type KubeconfigConfig, type KubeconfigName, kubeconfigs } from '../../pki/kubeconfig.ts'
import type { Usage } from '../../pki/usages.ts'
import type { CertificateFolders } from './certificate-table.ts'

const clientUsages: readonly Usage[] = ['digital signature', 'key encipherment', 'client auth']

interface Request {
  /** What gets the key. */
  readonly file: string
  readonly csrFile: string
  readonly make: () => Promise<{ readonly content: string; readonly csr: string }>
}

export interface CsrOptions extends CertificateFolders {
  readonly pki: PkiConfig
  readonly kubeconfigs: KubeconfigConfig
  /** Requests for etcd's certificates, too. */
  readonly etcd: boolean
  readonly files?: PkiFiles
}

/** Makes all requests; resolves to the files written. Throws, and writes nothing, when one of them is there already. */
export async function generateRequests(options: CsrOptions): Promise<string[]> {
  const { files = disk } = options
  const requests = [...leaves(options), ...(await configs(options, files))]
  const targets = requests.flatMap(({ file, csrFile }) => [file, csrFile])
  for (const path of targets) {
    if ((await files.read(path)) !== undefined)
      throw new Error(`${path} is there already: remove it, or choose other folders`)
  }
  for (const { file, csrFile, make } of requests) {
    const { content, csr } = await make()
    await files.write(file, content, 0o600)
    await files.write(csrFile, csr, 0o644)
  }
  return targets
}

function leaves({ dir, pki, etcd }: CsrOptions): Request[] {
  return certificates
    .filter(({ by }) => by !== undefined && (etcd || by !== 'etcd/ca'))
    .map(({ name, subject, names, usages }) => ({
      file: join(dir, `${name}.key`),
      csrFile: join(dir, `${name}.csr`),
      make: async () => {
        const { csr, key } = await createCsr({
          subject: subject(pki),
          usages,
          ...(names && { names: names(pki) }),
          ...(pki.algorithm && { algorithm: pki.algorithm }),
        })
        return { content: key, csr }
      },
    }))
}

async function configs(options: CsrOptions, files: PkiFiles): Promise<Request[]> {
  const { kubernetesDir, dir, kubeconfigs: config } = options
  const ca = await files.read(join(dir, 'ca.crt'))
  return (Object.keys(kubeconfigs) as KubeconfigName[]).map(name => ({
    file: join(kubernetesDir, name),
    csrFile: join(kubernetesDir, `${name}.csr`),
    make: async () => {
      const subject = kubeconfigs[name].subject(config.nodeName)
      const { algorithm } = config
      const { csr, key } = await createCsr({ subject, usages: clientUsages, ...(algorithm && { algorithm }) })
      return { content: partialKubeconfig({ ...config, name, user: subject.commonName, key, ca }), csr }
    },
  }))
}

/** A kubeconfig without a client certificate: whoever gets it puts it in as client-certificate-data. */
function partialKubeconfig({
  clusterName = 'kubernetes',
  ...of
}: KubeconfigConfig & { name: KubeconfigName; user: string; key: string; ca: string | undefined }): string {
  const data = (pem: string) => Buffer.from(pem).toString('base64')
  const context = `${of.user}@${clusterName}`
  const cluster = {
    ...(of.ca !== undefined && { 'certificate-authority-data': data(of.ca) }),
    server: of[kubeconfigs[of.name].server],
  }
  return stringify({
    apiVersion: 'v1',
    clusters: [{ cluster, name: clusterName }],
    contexts: [{ context: { cluster: clusterName, user: of.user }, name: context }],
    'current-context': context,
    kind: 'Config',
    users: [{ name: of.user, user: { 'client-key-data': data(of.key) } }],
  })
}
