/** The agent of a node: kubelet, certificates, balancer for the API servers, pod network. Pods of files run before all else. */
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { delay } from '../base/clock.ts'
import { parseDuration } from '../base/duration.ts'
import { logger } from '../base/log.ts'
import { startPlainHttp } from '../base/plain-http.ts'
import type { Reloading } from '../base/reloading.ts'
import { type Client, createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { lateTransport } from '../client/late-transport.ts'
import type { CgroupDriver } from '../host/cgroups.ts'
import type { Host } from '../host/host.ts'
import { type NodeCredentials, nodeCredentials } from '../kubelet/certificates/node-credentials.ts'
import type { CertificatePair } from '../kubelet/certificates/pair.ts'
import type { KubeletConfiguration } from '../kubelet/configuration.ts'
import { type Cri, criClient } from '../kubelet/cri/cri.ts'
import { startKubelet } from '../kubelet/kubelet.ts'
import type { Kubelet } from '../kubelet/options.ts'
import { filterBridged } from '../kubelet/runtime/cni.ts'
import { ownCgroupDriver } from '../kubelet/runtime/containerd.ts'
import { apiAccess } from '../kubelet/server/access.ts'
import { addQuantities } from '../machinery/quantity.ts'
import type { ApiBalancer } from './api-balancer.ts'
import { liveBundle } from './live-files.ts'
import { followAddresses } from './node-addresses.ts'
import { nodeMetrics, type WatchedParts } from './node-metrics.ts'
import { type Serving, serveWith } from './serving-certificate.ts'

/** What stops. */
export interface Stoppable {
  stop(): Promise<void> | void
}

/** A node that can speak to the API, for what else it does. */
export interface ConnectedNode {
  readonly client: Client
  readonly nodeAddress: string
  /** Certificates of the kubelet that the cluster signs. */
  readonly certificates: () => readonly CertificatePair[]
  /** From now on, those that this is true of are replaced. */
  readonly replaceWhen: (outdated: (pair: CertificatePair) => boolean) => void
  readonly renewTokens: () => void
}

/** Looks after certificates, and tells when they expire. */
export interface CertificateKeeper extends Stoppable {
  current(): readonly { readonly name: string; readonly notAfter: number }[]
}

export interface NodeAgentOptions {
  readonly host: Host
  readonly clock: Clock
  readonly config: KubeletConfiguration
  readonly nodeName: string
  /** Addresses given by hand, comma separated; default: that of the default route, followed. */
  readonly nodeIp?: string | undefined
  readonly nodeLabels?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly rootDir: string
  readonly certDir: string
  /** Path of the runtime's socket. */
  readonly criSocket: string
  /** Undefined: there is no API server, and only the pods of files run. */
  readonly kubeconfig?: string | undefined
  readonly bootstrapKubeconfig?: string | undefined
  /** Where to listen; undefined: the kubeconfig's server is spoken to directly. */
  readonly balancer?: { readonly host: string; readonly port: number } | undefined
  /** Starts what looks after the machine's certificates, from the beginning: without them there may be no API server. */
  readonly certificates?: (node: { readonly client: Client | undefined }) => CertificateKeeper
  /** Starts what else this node does once it can speak to the API. */
  readonly more?: (node: ConnectedNode) => Stoppable
}

export interface NodeAgent {
  readonly kubelet: Kubelet
  stop(): Promise<void>
}

const log = logger('kubelet')
/** A call that takes longer is made anew: a lease must not wait for a server that is gone. Milliseconds. */
const callTimeout = 15_000
const retryEvery = 5_000

/** Resolves when pods are looked after; what needs the API server comes when it can be reached. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const parts: Stoppable[] = []
  try {
    return await start(options, parts)
  } catch (error) {
    await stopAll(parts)
    throw error
  }
}

/** `parts` are stopped in the reverse order, at the end or when something fails on the way. */
async function start(options: NodeAgentOptions, parts: Stoppable[]): Promise<NodeAgent> {
  const { host, clock, config, nodeName, kubeconfig } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const cri = criClient({ socket: options.criSocket })
  parts.push({ stop: () => cri.close() })
  const late = kubeconfig === undefined ? undefined : lateTransport()
  const client = late && createClient(late)
  const keeper = options.certificates?.({ client })
  if (keeper) parts.push(keeper)
  const addresses = await followAddresses(host, options.nodeIp)
  parts.push(addresses)
  await filterBridged(host)
  await runtimeAnswers(cri, options, signal)
  const cgroupDriver = await cgroupDriverOf(cri, options)
  if (late) parts.push({ stop: () => late.close() })
  const trust = { outdated: (_: CertificatePair) => false }
  const serving = await serveWith({
    ...options,
    client,
    names: () => [nodeName, ...addresses.current()],
    outdated: pair => trust.outdated(pair),
  })
  const authority = await clientAuthority(config.authentication.x509.clientCAFile)
  if (authority) parts.push(authority)
  const watched: WatchedParts = { serving: serving.pair, ...(keeper && { certificates: () => keeper.current() }) }
  /** To the API server; needed until the kubelet has stopped. */
  const way: Stoppable[] = []
  parts.push({ stop: () => stopAll(way) })
  const { authentication, authorization } = config
  const kubelet = await startKubelet({
    client,
    host,
    cri,
    clock,
    nodeName,
    nodeAddress: addresses.current,
    nodeLabels: options.nodeLabels ?? {},
    taints: options.taints ?? [],
    rootDir: options.rootDir,
    podLogsDir: config.podLogsDir,
    manifestsDir: config.staticPodPath || undefined,
    clusterDns: config.clusterDNS ?? [],
    clusterDomain: config.clusterDomain,
    resolvConf: config.resolvConf,
    tls: config.enableServer ? serving.pair() : undefined,
    metrics: () => nodeMetrics(watched, clock.now()),
    apiClientCa: authority?.current,
    access: apiAccess(client, nodeName, {
      anonymous: authentication.anonymous.enabled,
      tokens: authentication.webhook.enabled,
      alwaysAllow: authorization.mode === 'AlwaysAllow',
    }),
    port: config.port!,
    ...(config.address !== '0.0.0.0' && { bindAddress: config.address }),
    maxPods: config.maxPods!,
    podPidsLimit: config.podPidsLimit,
    cgroupRoot: join(config.cgroupRoot, 'kubepods'),
    cgroupDriver,
    reserved: reserved(config),
    ...(config.providerID && { providerId: config.providerID }),
    registerNode: config.registerNode,
    statusEvery: parseDuration(config.nodeStatusUpdateFrequency)!,
    statusAtLeast: parseDuration(config.nodeStatusReportFrequency)!,
    leaseSeconds: config.nodeLeaseDurationSeconds!,
  })
  parts.push(kubelet, serving)
  // What waits for a server that never came would wait for ever.
  if (late) parts.push({ stop: () => (late.isConnected ? undefined : late.close()) })
  serving.use(kubelet)
  authority?.on(apiClientCa => kubelet.renewCertificates({ apiClientCa }))
  addresses.changed(() => serving.poke())
  if (config.healthzPort > 0) {
    const { healthzBindAddress: host, healthzPort: port } = config
    parts.push(await startPlainHttp({ host, port, routes: healthRoutes(kubelet) }))
  }
  const connecting =
    late && client
      ? connect(options, { late, client, kubelet, addresses, parts, way, watched, serving, trust, signal })
      : undefined
  return {
    kubelet,
    async stop() {
      stopping.abort(new Error('the kubelet stops'))
      await connecting
      await stopAll(parts)
    },
  }
}

/** The last to come is the first to go. */
async function stopAll(parts: Stoppable[]): Promise<void> {
  for (const part of parts.splice(0).reverse()) await part.stop()
}

interface Connecting {
  readonly late: ReturnType<typeof lateTransport>
  readonly client: Client
  readonly kubelet: Kubelet
  readonly addresses: { readonly current: () => readonly string[] }
  readonly serving: Pick<Serving, 'ask' | 'poke' | 'signed'>
  /** Which certificates have to go before their time. */
  readonly trust: { outdated: (pair: CertificatePair) => boolean }
  readonly parts: Stoppable[]
  readonly way: Stoppable[]
  readonly watched: WatchedParts
  readonly signal: AbortSignal
}

/** Everything that needs the API server, in order, as soon as there are credentials for it. */
async function connect(options: NodeAgentOptions, running: Connecting): Promise<void> {
  const { host, clock, nodeName, kubeconfig, bootstrapKubeconfig, certDir, config } = options
  const { late, client, kubelet, addresses, serving, trust, parts, way, watched, signal } = running
  let credentials: NodeCredentials | undefined
  while (!signal.aborted) {
    try {
      credentials ??= await nodeCredentials({
        files: host.files,
        clock,
        nodeName,
        kubeconfig: kubeconfig!,
        bootstrapKubeconfig,
        certDir,
        signal,
      })
      if (!way.includes(credentials)) way.push(credentials)
      const balancer = await startBalancer(options, credentials, addresses.current)
      if (balancer) way.push(balancer)
      Object.assign(watched, { client: credentials.certificate, backends: balancer?.states })
      const by = balancer && { server: balancer.url, serverName: credentials.options.serverName ?? balancer.serverName }
      late.connect(httpTransport({ ...credentials.options, ...by, timeout: callTimeout, userAgent: 'kubelet' }))
      balancer?.follow(client)
      break
    } catch (error) {
      if (signal.aborted) return
      log.error({ error: (error as Error).message }, 'no way to the API server yet; trying again')
      await delay(retryEvery, signal, clock).catch(() => {})
    }
  }
  if (signal.aborted || !credentials) return
  const kept = config.rotateCertificates ? credentials.rotate(client, pair => trust.outdated(pair)) : undefined
  if (kept) parts.push(kept)
  const { certificate } = credentials
  const more = options.more?.({
    client,
    nodeAddress: addresses.current()[0]!,
    certificates: () => [certificate(), serving.signed()].filter(pair => pair !== undefined),
    replaceWhen(outdated) {
      trust.outdated = outdated
      kept?.poke()
      serving.poke()
    },
    renewTokens: () => kubelet.renewTokens(),
  })
  if (more) parts.push(more)
  // Whoever approves looks whether the addresses are the node's.
  void kubelet.registered.then(serving.ask, () => {})
}

async function startBalancer(
  { host, clock, balancer, rootDir }: NodeAgentOptions,
  { options, certificate, server }: NodeCredentials,
  own: () => readonly string[],
): Promise<ApiBalancer | undefined> {
  if (!balancer) return undefined
  const { ca } = options
  const { startApiBalancer } = await import('./api-balancer.ts')
  try {
    return await startApiBalancer({
      ...balancer,
      clock,
      files: host.files,
      file: `${rootDir}/api-servers.json`,
      server,
      own,
      ca: () => (typeof ca === 'function' ? ca() : ca),
      cert: () => certificate()?.cert,
      key: () => certificate()?.key,
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const where = `${balancer.host}:${balancer.port}`
    throw new Error(`the balancer cannot listen on ${where}: the address is in use; choose another by --api-balancer`)
  }
}

/** The runtime may come up at the same time; this waits for as long as it takes. */
async function runtimeAnswers(cri: Cri, { criSocket, clock }: NodeAgentOptions, signal: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const { runtimeName, runtimeVersion } = await cri.version({ timeout: 5_000, signal })
      log.info({ socket: criSocket, runtime: `${runtimeName} ${runtimeVersion}` }, 'the container runtime answers')
      return
    } catch (error) {
      signal.throwIfAborted()
      const told = { socket: criSocket, error: (error as Error).message }
      if (tries % 50 === 2) log.warn(told, 'the container runtime does not answer yet; waiting for it')
      await delay(200, signal, clock)
    }
  }
}

/** What the runtime says counts, as upstream has it; an old one says nothing, and of our own we know how it was started. */
async function cgroupDriverOf(cri: Cri, { host, config, criSocket }: NodeAgentOptions): Promise<CgroupDriver> {
  const said = await cri.runtimeConfig().catch(() => undefined)
  if (said?.linux) return said.linux.cgroupDriver === 'SYSTEMD' ? 'systemd' : 'cgroupfs'
  return (await ownCgroupDriver(host, criSocket)) ?? (config.cgroupDriver as CgroupDriver)
}

function reserved({ systemReserved, kubeReserved }: KubeletConfiguration): Readonly<Record<string, string>> {
  const sum: Record<string, string> = { ...systemReserved }
  for (const [name, amount] of Object.entries(kubeReserved ?? {})) {
    sum[name] = sum[name] === undefined ? amount : addQuantities(sum[name], amount)
  }
  return sum
}

function healthRoutes({ runtimeProblem }: Kubelet) {
  const pods = () => {
    const problem = runtimeProblem()
    return problem === undefined ? { body: 'ok' } : { code: 500, body: problem }
  }
  return { '/healthz': pods, '/healthz/syncloop': pods, '/healthz/ping': () => ({ body: 'ok' }) }
}

/** Who signs the certificates of callers; followed as its file changes. */
async function clientAuthority(file: string | undefined): Promise<Reloading<string> | undefined> {
  if (!file) return undefined
  return liveBundle(file).catch(error => {
    throw new Error(`authentication.x509.clientCAFile: ${(error as Error).message}`, { cause: error })
  })
}
