/** How a machine finds the cluster it joins, and comes to trust it: by a token, or by a kubeconfig. */
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { delay } from '../../base/clock.ts'
import { parseDuration } from '../../base/duration.ts'
import type { HttpTransportOptions } from '../../client/http-transport.ts'
import { type Kubeconfig, loadKubeconfig } from '../../client/kubeconfig.ts'
import { parseBootstrapToken } from '../../pki/bootstrap-token.ts'
import { caHash, matchesCaHash } from '../../pki/ca-hash.ts'
import { isDetachedJws } from '../../pki/jws.ts'
import type { JoinConfiguration } from '../config/types.ts'
import { type Answer, ask, clusterInfoPath, connectionProblem, mayPass } from './cluster-info.ts'

/** A cluster that was found and is trusted. */
export interface Discovered {
  /** https://host:port */
  readonly server: string
  /** PEM, one or several. */
  readonly ca: string
  /** What the kubelet asks for its first certificate with. */
  readonly credentials: Pick<HttpTransportOptions, 'token' | 'cert' | 'key'>
}

export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError'
}

/** The longest time that asking again makes sense for, milliseconds: who typed an address wants to hear of it. */
const patience = 8_000
/** A token that was just made is signed for within moments. */
const signing = 4_000
/** Clocks further apart than this make certificates that are not valid yet, milliseconds. */
const worstSkew = 5 * 60_000

export interface DiscoverOptions {
  readonly signal?: AbortSignal
  readonly now?: () => number
  readonly note?: (text: string) => void
}

/** Finds the cluster. Throws DiscoveryError, which says what to do. */
export function discover(join: JoinConfiguration, options: DiscoverOptions = {}): Promise<Discovered> {
  return join.discovery.file ? byFile(join, options) : byToken(join, options)
}

/** Asks until there is an answer; for the shorter of the configuration's time and ours. */
async function persistently(
  join: JoinConfiguration,
  server: string,
  work: () => Promise<Answer>,
  options: DiscoverOptions,
) {
  const end = Date.now() + Math.min(parseDuration(join.timeouts.discovery) ?? patience, patience)
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!mayPass(error) || Date.now() >= end)
        throw new DiscoveryError(connectionProblem(server, error), { cause: error })
      options.note?.(connectionProblem(server, error))
      await delay(500, options.signal)
    }
  }
}

async function byToken(join: JoinConfiguration, options: DiscoverOptions): Promise<Discovered> {
  const { token, apiServerEndpoint, caCertHashes = [], unsafeSkipCAVerification } = join.discovery.bootstrapToken!
  const { id, secret } = parseBootstrapToken(token)!
  const server = `https://${apiServerEndpoint}`
  const first = await signedInfo(join, server, id, options)
  if (!isDetachedJws(first.signature, first.kubeconfig, id, secret)) {
    throw new DiscoveryError(
      `cluster-info of ${server} is not signed with this token: its secret is wrong, or somebody changed cluster-info on the way. Look at the token with: kobune token list`,
    )
  }
  const ca = authorityOf(first.kubeconfig, server)
  if (
    caCertHashes.length > 0 ? !pemList(ca).some(each => matchesCaHash(each, caCertHashes)) : !unsafeSkipCAVerification
  ) {
    throw new DiscoveryError(
      `the authority of ${server} has the pin ${pemList(ca).map(caHash).join(', ')}, and ${caCertHashes.join(', ') || 'none'} was expected: either the pin is wrong, or this is not your cluster. Show the right one on a control plane machine with: kobune token create --print-join-command`,
    )
  }
  const again = await persistently(
    join,
    server,
    () => ask(server, clusterInfoPath, { trust: { ca }, ...options }),
    options,
  )
  if (dataOf(again, server).kubeconfig !== first.kubeconfig) {
    throw new DiscoveryError(`${server} tells another cluster-info over a verified connection: somebody is in between`)
  }
  const named = (parse(first.kubeconfig) as Kubeconfig).clusters?.[0]?.cluster.server
  return { server: named ?? server, ca, credentials: { token: join.discovery.tlsBootstrapToken ?? token } }
}

/** cluster-info with the signature for a token; waits a little for one that was just made. */
async function signedInfo(join: JoinConfiguration, server: string, id: string, options: DiscoverOptions) {
  const end = Date.now() + signing
  for (;;) {
    const answer = await persistently(
      join,
      server,
      () => ask(server, clusterInfoPath, { trust: 'unverified', ...options }),
      options,
    )
    checkClock(server, answer, options.now ?? Date.now)
    const data = dataOf(answer, server)
    const signature = data[`jws-kubeconfig-${id}`]
    if (signature && data.kubeconfig) return { signature, kubeconfig: data.kubeconfig }
    if (Date.now() >= end) {
      throw new DiscoveryError(
        `the cluster at ${server} knows no token ${id}: it has expired, or never was one of this cluster. Make a new one on a control plane machine with: kobune token create --print-join-command`,
      )
    }
    options.note?.(`waiting for the signature of token ${id}`)
    await delay(250, options.signal)
  }
}

function checkClock(server: string, { serverTime }: Answer, now: () => number): void {
  if (serverTime === undefined) return
  const skew = now() - serverTime
  if (Math.abs(skew) <= worstSkew) return
  const minutes = Math.round(Math.abs(skew) / 60_000)
  const text = minutes >= 120 ? `${Math.round(minutes / 60)} hours` : `${minutes} minutes`
  throw new DiscoveryError(
    `this machine's clock is ${text} ${skew > 0 ? 'ahead of' : 'behind'} that of ${server}: certificates would not be valid. Set the clock first, for example with: timedatectl set-ntp true`,
  )
}

function dataOf({ code, text }: Answer, server: string): Readonly<Record<string, string>> {
  if (code !== 200) {
    const hint =
      code === 404
        ? 'has no cluster-info'
        : code === 401 || code === 403
          ? 'does not let anybody read its cluster-info'
          : `answers ${code}`
    throw new DiscoveryError(
      `${server} ${hint}: is this the API server of a cluster made by init? On it: kobune init phase bootstrap-token`,
    )
  }
  try {
    return (JSON.parse(text) as { data?: Record<string, string> }).data ?? {}
  } catch (cause) {
    throw new DiscoveryError(`what ${server} answers is no cluster-info`, { cause })
  }
}

function authorityOf(kubeconfig: string, server: string): string {
  const data = (parse(kubeconfig) as Kubeconfig | null)?.clusters?.[0]?.cluster['certificate-authority-data']
  if (!data) throw new DiscoveryError(`cluster-info of ${server} names no certificate authority`)
  return Buffer.from(data, 'base64').toString('utf8')
}

/** The certificates of a bundle, one by one. */
export function pemList(bundle: string): readonly string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
}

/** A kubeconfig on disk, or at an https URL that this machine's own authorities vouch for. */
async function byFile(join: JoinConfiguration, options: DiscoverOptions): Promise<Discovered> {
  const path = join.discovery.file!.kubeConfigPath
  const file = path.startsWith('https://') ? await download(path, options) : path
  const found = await read(path, file)
  const server = found.server
  const token = join.discovery.tlsBootstrapToken
  const own = typeof found.token === 'string' || found.cert
  if (!own && !token) {
    throw new DiscoveryError(`${path} has no credentials: give a token with --tls-bootstrap-token, too`)
  }
  const ca = textOf(found.ca)
  const credentials = token ? { token } : { token: found.token, cert: found.cert, key: found.key }
  const answer = await persistently(
    join,
    server,
    () => ask(server, clusterInfoPath, { trust: ca ? { ca } : 'unverified', ...options }),
    options,
  )
  checkClock(server, answer, options.now ?? Date.now)
  // Forbidden is no reason to give up: the file vouches for the cluster.
  if (ca) return { server, ca, credentials }
  return { server, ca: authorityOf(dataOf(answer, server).kubeconfig ?? '', server), credentials }
}

const textOf = (value: HttpTransportOptions['ca']) => (typeof value === 'function' ? value() : value)

async function read(path: string, file: string): Promise<HttpTransportOptions> {
  try {
    const config = parse(await readFile(file, 'utf8')) as Kubeconfig | null
    const user = config?.users?.length
    const context = config?.['current-context'] || undefined
    if (config?.clusters?.[0] && (!user || !context)) {
      const { cluster } = config.clusters[0]
      const data = cluster['certificate-authority-data']
      const ca = data
        ? Buffer.from(data, 'base64').toString('utf8')
        : cluster['certificate-authority'] && (await readFile(cluster['certificate-authority'], 'utf8'))
      return { server: cluster.server, ...(ca && { ca }) }
    }
    return await loadKubeconfig(file)
  } catch (cause) {
    throw new DiscoveryError(`${path} is no kubeconfig to find a cluster by: ${(cause as Error).message}`, { cause })
  }
}

/** The largest kubeconfig taken from an address, bytes. */
const largestFile = 1 << 20

/** Into a file of this process's own, which is removed when it ends. */
async function download(url: string, { signal }: DiscoverOptions): Promise<string> {
  const { mkdtemp, writeFile, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const { rmSync } = await import('node:fs')
  const folder = await mkdtemp(`${tmpdir()}/kobune-discovery-`)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  try {
    const response = await fetch(url, { signal: signal ?? AbortSignal.timeout(patience), redirect: 'error' })
    if (!response.ok) throw new Error(`it answers ${response.status}`)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > largestFile) throw new Error(`it is larger than ${largestFile} bytes`)
      chunks.push(chunk)
    }
    await writeFile(`${folder}/kubeconfig`, Buffer.concat(chunks), { mode: 0o600 })
    return `${folder}/kubeconfig`
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw new DiscoveryError(`${url} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
