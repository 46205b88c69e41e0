/** The kubelet: brings the pods that the API server (or a folder) gives this node to life, and tells how they are. */
import { pods } from '../api/core/v1/pod.ts'
import { systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import { Informer } from '../client/informer.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { readMachine } from './node/machine.ts'
import { keepNode, type NodeObject } from './node/node-object.ts'
import { nodeStatus } from './node/node-status.ts'
import { watchRuntime } from './node/runtime-health.ts'
import type { CompleteOptions, Kubelet, KubeletOptions } from './options.ts'
import { type PodSet, podSet } from './pod/pod-set.ts'
import { watchRuntimePods } from './pod/runtime-watch.ts'
import { podPaths } from './pod-paths.ts'
import { apiAccess } from './server/access.ts'
import type { ServerOptions } from './server/server.ts'
import { sharedParts } from './shared-parts.ts'
import { mirrorPods } from './sources/mirror-pods.ts'
import { watchStaticPods } from './sources/static-pods.ts'

const defaults = {
  clusterDomain: 'cluster.local',
  rootDir: '/var/lib/kubelet',
  podLogsDir: '/var/log/pods',
  port: 10250,
  maxPods: 110,
  podPidsLimit: -1,
  cgroupRoot: '/kubepods',
  cgroupDriver: 'cgroupfs',
  nodeLabels: {},
  taints: [],
  reserved: {},
  registerNode: true,
  resolvConf: '/etc/resolv.conf',
  statusEvery: 10_000,
  statusAtLeast: 300_000,
  leaseSeconds: 40,
  clock: systemClock,
} as const

const log = logger('kubelet')

/** Resolves when the kubelet works; `ready` when its node is registered and the pods there are have been seen. */
export async function startKubelet(given: KubeletOptions): Promise<Kubelet> {
  const options: CompleteOptions = { ...defaults, ...given }
  const { client, host, cri, clock, nodeName } = options
  await host.files.makeDirectory(options.rootDir, { mode: 0o750 })
  await host.files.makeDirectory(options.podLogsDir)
  const machine = await readMachine(options)
  const cgroups = await host.cgroups(options.cgroupDriver)
  await cgroups.create(options.cgroupRoot)
  const paths = podPaths(options)
  const mirrors = mirrorPods(client, nodeName)
  const set: PodSet = podSet({ deps: () => parts.deps, mirrors })
  let node: NodeObject | undefined
  const health = watchRuntime(cri, {
    clock,
    changed: () => {
      node?.update()
      for (const worker of set.workers()) worker.poke()
    },
  })
  const parts = await sharedParts({ options, machine, cgroups, paths, set, networkProblem: health.networkProblem })
  const { deps } = parts
  await health.check()
  await deps.reader.all()
  const server = await startServer(options, { set, paths, machine, cgroups }).catch(async error => {
    health.stop()
    await parts.stop()
    throw error
  })
  const port = server?.port ?? options.port
  node = startNode(options, before => {
    const addresses = deps.node.hostIps
    return nodeStatus(before, { ...options, clock, machine, addresses, port, problems: health.problems() })
  })
  void node?.registered.then(() => mirrors.retry()).catch(() => {})
  const runtime = watchRuntimePods({ cri, clock, reader: deps.reader, changed: uid => set.worker(uid)?.poke() })
  const files = startFiles(options, set)
  await files?.first
  const informer = client && new Informer(client, pods, { fieldSelector: `spec.nodeName=${nodeName}`, clock })
  informer?.on({ added: pod => set.seen(pod), updated: pod => set.seen(pod), deleted: pod => set.gone(pod) })
  informer?.start()
  const sourcesReady = () => informer?.hasSynced ?? true
  const housekeeping = startHousekeeping({ deps, set, sourcesReady, every: () => mirrors.retry() })
  const ready = Promise.all([node?.registered, informer?.synced, files?.first]).then(() => {})
  ready.catch(() => {})
  log.info({ node: nodeName, port }, 'kubelet started')
  return {
    ready,
    registered: node?.registered ?? new Promise(() => {}),
    port: server?.port,
    renewCertificates: tls => server?.renewCertificates(tls),
    renewTokens: parts.renewTokens,
    runtimeProblem: health.runtimeProblem,
    async stop() {
      housekeeping.stop()
      files?.stop()
      health.stop()
      await Promise.all([informer?.stop(), runtime.stop(), node?.stop(), server?.stop()])
      await set.close()
      await Promise.all([parts.stop(), mirrors.stop()])
    },
  }
}

async function startServer(
  options: CompleteOptions,
  more: Pick<ServerOptions, 'set' | 'paths' | 'machine' | 'cgroups'>,
) {
  const { tls, client, nodeName } = options
  if (!tls) return undefined
  const { startKubeletServer } = await import('./server/server.ts')
  return startKubeletServer({ ...options, ...more, tls, access: options.access ?? apiAccess(client, nodeName) })
}

function startNode(options: CompleteOptions, status: Parameters<typeof keepNode>[0]['status']): NodeObject | undefined {
  const { client, nodeLabels, registerNode, providerId } = options
  if (!client) return undefined
  return keepNode({ ...options, client, labels: nodeLabels, providerId, register: registerNode, status })
}

function startFiles({ host, clock, nodeName, manifestsDir }: CompleteOptions, set: PodSet) {
  if (manifestsDir === undefined) return undefined
  return watchStaticPods({ host, clock, folder: manifestsDir, nodeName, changed: found => set.static(found) })
}
