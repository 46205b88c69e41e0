/** Whom a node is to the API server: from its kubeconfig, or by a bootstrap token, and renewed while the node lives. */
import { X509Certificate } from 'node:crypto'
import { type Clock, delay } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import { type Client, createClient } from '../../client/client.ts'
import { type HttpTransportOptions, httpTransport } from '../../client/http-transport.ts'
import { followKubeconfig, type KubeconfigCredentials, loadKubeconfig } from '../../client/kubeconfig.ts'
import type { Files } from '../../host/files.ts'
import { kubeconfigText } from '../../pki/kubeconfig.ts'
import { type CertificateStore, certificateStore } from './certificate-store.ts'
import { type KeptCertificate, keepCertificate } from './keep-certificate.ts'
import { nodeUsages } from './node-usages.ts'
import type { WantedCertificate } from './obtain.ts'
import { type CertificatePair, pairFacts } from './pair.ts'

export interface NodeCredentialsOptions {
  readonly files: Files
  readonly clock: Clock
  readonly nodeName: string
  readonly kubeconfig: string
  readonly bootstrapKubeconfig?: string | undefined
  /** Folder of certificates. */
  readonly certDir: string
  /** Ends waiting. */
  readonly signal: AbortSignal
}

export interface NodeCredentials {
  /** For a transport; always the newest. */
  readonly options: HttpTransportOptions
  /** The kubeconfig's server as it is now. */
  readonly server: () => string
  readonly certificate: () => CertificatePair | undefined
  /** Renews the client certificate from now on, as the node itself; `outdated`: also before its time. */
  rotate(client: Client, outdated?: (pair: CertificatePair) => boolean): KeptCertificate
  stop(): void
}

const lookEvery = 250
const retryFirst = 1_000
const retryMost = 20_000
const log = logger('kubelet')

/** Resolves when the node can speak to the API server: waits for files and for its certificate for as long as it takes. */
export async function nodeCredentials(options: NodeCredentialsOptions): Promise<NodeCredentials> {
  const { files, clock, kubeconfig, certDir } = options
  const store = certificateStore(files, certDir, 'kubelet-client')
  await usableKubeconfig(options, store)
  const followed = await followKubeconfig(kubeconfig)
  let pair = await store.current()
  // One that the kubeconfig holds in itself is kept with those that will follow it, so that the file can name the link.
  const adopt = async (found: KubeconfigCredentials) => {
    const given = found.cert && found.key ? { cert: found.cert, key: found.key } : undefined
    if (!given || end(given) <= end(pair)) return
    pair = given
    await store.save(given, clock.now())
  }
  await adopt(followed.live.current)
  const off = followed.live.on(found => {
    adopt(found).catch(error => log.warn({ error: (error as Error).message }, 'the new client certificate is not kept'))
  })
  return {
    options: { ...followed.options, cert: () => pair?.cert, key: () => pair?.key },
    server: () => followed.live.current.server,
    certificate: () => pair,
    rotate: (client, outdated) =>
      keepCertificate({
        clock,
        ...(outdated && { outdated }),
        what: 'client certificate',
        // A node that has a token instead has nothing to renew.
        current: () => pair,
        ...(pair ? {} : { names: () => [] }),
        renew: async signal => {
          const { obtainCertificate } = await import('./obtain.ts')
          const now = () => clock.now()
          pair = await obtainCertificate(wantedOf(options), { client, store, now, signal })
        },
      }),
    stop() {
      off()
      followed.stop()
    },
  }
}

const end = (pair: CertificatePair | undefined) => (pair ? (pairFacts(pair)?.notAfter ?? 0) : 0)

/** This node's, and of this cluster: not one that another life of the machine left. */
function isOwn({ cert }: CertificatePair, ca: string, nodeName: string): boolean {
  const certificate = new X509Certificate(cert)
  const authorities = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return (
    certificate.subject.split('\n').includes(`CN=system:node:${nodeName}`) &&
    authorities.some(authority => certificate.verify(new X509Certificate(authority).publicKey))
  )
}

function wantedOf({ nodeName }: Pick<NodeCredentialsOptions, 'nodeName'>): WantedCertificate {
  return {
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    subject: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
    usages: nodeUsages('client auth'),
    names: [],
  }
}

/** Returns when the kubeconfig is there and says something that is still valid; makes it with the bootstrap token. */
async function usableKubeconfig(options: NodeCredentialsOptions, store: CertificateStore): Promise<void> {
  const { files, clock, kubeconfig, bootstrapKubeconfig, signal } = options
  let told = ''
  let retry = retryFirst
  for (;;) {
    signal.throwIfAborted()
    const problem = await whatIsWrong(options, store)
    if (problem === undefined) return
    const canBootstrap = bootstrapKubeconfig !== undefined && (await files.exists(bootstrapKubeconfig))
    const hint = canBootstrap ? 'asking for a certificate with the bootstrap token' : 'waiting; static pods run already'
    if (told !== problem + hint) log.info({ kubeconfig, problem }, hint)
    told = problem + hint
    let wait = lookEvery
    if (canBootstrap) {
      try {
        await bootstrap(options, store, bootstrapKubeconfig)
        continue
      } catch (error) {
        signal.throwIfAborted()
        log.warn({ file: bootstrapKubeconfig, error: (error as Error).message }, 'no certificate yet; trying again')
        wait = retry
        retry = Math.min(retryMost, retry * 2)
      }
    }
    await delay(wait, signal, clock)
  }
}

/** Why the kubeconfig cannot be used; undefined when it can. */
async function whatIsWrong(options: NodeCredentialsOptions, store: CertificateStore): Promise<string | undefined> {
  const { files, clock, kubeconfig } = options
  if (!(await files.exists(kubeconfig))) return 'the file is not there'
  let read: KubeconfigCredentials
  try {
    read = await loadKubeconfig(kubeconfig)
  } catch (error) {
    return (error as Error).message
  }
  if (read.token) return undefined
  const given = read.cert && read.key ? { cert: read.cert, key: read.key } : undefined
  const newest = Math.max(end(given), end(await store.current()))
  if (newest === 0) return 'it names no client certificate that can be used'
  if (newest > clock.now()) return undefined
  return `the client certificate expired at ${new Date(newest).toISOString()}`
}

/** Gets a certificate as the bootstrap user, and writes the kubeconfig that names it. */
async function bootstrap(options: NodeCredentialsOptions, store: CertificateStore, file: string): Promise<void> {
  const { files, clock, kubeconfig, nodeName, signal } = options
  const read = await loadKubeconfig(file)
  const current = await store.current()
  if (!read.ca) throw new Error(`${file} names no certificate authority`)
  // One that was obtained just before the process ended only lacks its kubeconfig.
  if (!current || end(current) <= clock.now() || !isOwn(current, read.ca, nodeName)) {
    const transport = httpTransport({ ...read, timeout: 15_000 })
    try {
      const { obtainCertificate } = await import('./obtain.ts')
      const client = createClient(transport)
      await obtainCertificate(wantedOf(options), { client, store, now: () => clock.now(), signal })
    } finally {
      await transport.close()
    }
  }
  const user = { name: `system:node:${nodeName}`, certificateFile: store.file, keyFile: store.file }
  await files.write(kubeconfig, kubeconfigText({ server: read.server, ca: read.ca, user }), { mode: 0o600 })
  log.info({ kubeconfig }, 'this node has its certificate')
}
