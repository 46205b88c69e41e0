/** The kubelet: brings the pods that the API server (or a folder) gives this node to life, and tells how they are. */
import { readFileSync } from 'node:fs'
import { pods } from '../api/core/v1/pod.ts'
import { services } from '../api/core/v1/service.ts'
import { systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import { Informer } from '../client/informer.ts'
import { eventRecorder } from '../reconcile/event-recorder.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { imagePuller } from './image/image-puller.ts'
import { readMachine } from './node/machine.ts'
import { keepNode, type NodeObject } from './node/node-object.ts'
import { nodeStatus } from './node/node-status.ts'
import { watchRuntime } from './node/runtime-health.ts'
import { watchedObjects } from './objects.ts'
import type { Kubelet, KubeletOptions } from './options.ts'
import { admission } from './pod/admission.ts'
import { confirmEnd } from './pod/confirm-end.ts'
import type { PodDeps } from './pod/deps.ts'
import { podEvents } from './pod/pod-events.ts'
import { podSet } from './pod/pod-set.ts'
import { runtimeReader } from './pod/runtime-reader.ts'
import { watchRuntimePods } from './pod/runtime-watch.ts'
import { statusWriter } from './pod/status-writer.ts'
import { podPaths } from './pod-paths.ts'
import { apiAccess } from './server/access.ts'
import { mirrorPods } from './sources/mirror-pods.ts'
import { watchStaticPods } from './sources/static-pods.ts'
import { serviceAccountTokens } from './volumes/tokens.ts'
import { podVolumes } from './volumes/volumes.ts'

const defaults = {
  clusterDomain: 'cluster.local',
  rootDir: '/var/lib/kubelet',
  podLogsDir: '/var/log/pods',
  port: 10250,
  maxPods: 110,
  podPidsLimit: -1,
  cgroupRoot: '/kubepods',
  nodeLabels: {},
  taints: [],
  reserved: {},
  registerNode: true,
  resolvConf: '/etc/resolv.conf',
  clock: systemClock,
} as const

const log = logger('kubelet')

/** Resolves when the kubelet works; `ready` when its node is registered and the pods there are have been seen. */
export async function startKubelet(given: KubeletOptions): Promise<Kubelet> {
  const options = { ...defaults, ...given }
  const { client, host, cri, clock, nodeName, rootDir } = options
  const addresses = [options.nodeAddress].flat()
  await host.files.makeDirectory(rootDir, { mode: 0o750 })
  await host.files.makeDirectory(options.podLogsDir)
  const machine = await readMachine({ ...options, reserved: options.reserved })
  const cgroups = await host.cgroups()
  await cgroups.create(options.cgroupRoot)
  const paths = podPaths(options)
  const reader = runtimeReader({ cri, host })
  const recorder = client && eventRecorder(client, { component: 'kubelet', host: nodeName }, clock)
  const objects = watchedObjects(client, uid => set.worker(uid)?.poke({ volumes: true }))
  const tokens = serviceAccountTokens(client, clock)
  const node = { nodeName, hostIps: addresses, allocatable: machine.allocatable, memoryCapacity: machine.memoryBytes }
  let nodeObject: NodeObject | undefined
  const health = watchRuntime(cri, {
    clock,
    changed: () => {
      nodeObject?.update()
      for (const worker of set.workers()) worker.poke()
    },
  })
  const serviceInformer = client && new Informer(client, services, { clock }).start()
  const mirrors = mirrorPods(client, nodeName)
  const statuses = statusWriter(client, clock)
  const deps: PodDeps = {
    client,
    host,
    cri,
    clock,
    cgroups,
    cgroupRoot: options.cgroupRoot,
    podPidsLimit: options.podPidsLimit,
    paths,
    reader,
    images: imagePuller({ cri, clock }),
    objects,
    volumes: podVolumes({ host, paths, objects, tokens, node }),
    statuses,
    security: {
      seccompRoot: `${rootDir}/seccomp`,
      appArmor: (await host.files.readIfThere('/sys/module/apparmor/parameters/enabled'))?.trim() === 'Y',
    },
    node,
    dns: { clusterDns: options.clusterDns, clusterDomain: options.clusterDomain },
    resolvConf: () => textOf(options.resolvConf),
    services: async () => {
      await serviceInformer?.synced
      return serviceInformer?.list() ?? []
    },
    admit: pod => {
      const others = set.workers().filter(w => w.isAdmitted && w.pod.metadata.uid !== pod.metadata.uid)
      return admission(
        pod,
        others.map(w => w.pod),
        machine.allocatable,
      )
    },
    event: podEvents(recorder, uid => set.worker(uid)?.apiPod),
    networkProblem: health.networkProblem,
    tokenRefreshAt: tokens.refreshAt,
    forget: uid => {
      objects.release(uid)
      tokens.forget(uid)
    },
    confirmEnd: confirmEnd(client, statuses),
    onRemoved: uid => set.removed(uid),
  }
  const set = podSet({ deps: () => deps, mirrors })
  await health.check()
  await reader.all()

  const server = await startServer()
  const port = server?.port ?? options.port
  nodeObject =
    client &&
    keepNode({
      client,
      clock,
      nodeName,
      labels: options.nodeLabels,
      taints: options.taints,
      providerId: options.providerId,
      register: options.registerNode,
      status: before =>
        nodeStatus(before, { cri, clock, machine, nodeName, addresses, rootDir, port, problems: health.problems() }),
    })
  void nodeObject?.registered.then(() => mirrors.retry()).catch(() => {})
  const runtime = watchRuntimePods({ cri, clock, reader, changed: uid => set.worker(uid)?.poke() })
  const folder = options.manifestsDir
  const files =
    folder === undefined
      ? undefined
      : watchStaticPods({ host, clock, folder, nodeName, changed: found => set.static(found) })
  await files?.first
  const podInformer = client && new Informer(client, pods, { fieldSelector: `spec.nodeName=${nodeName}`, clock })
  podInformer?.on({ added: pod => set.seen(pod), updated: pod => set.seen(pod), deleted: pod => set.gone(pod) })
  podInformer?.start()
  const housekeeping = startHousekeeping({
    deps,
    set,
    sourcesReady: () => podInformer?.hasSynced ?? true,
    every: () => mirrors.retry(),
  })

  async function startServer() {
    if (!options.tls) return undefined
    const { startKubeletServer } = await import('./server/server.ts')
    return startKubeletServer({
      ...options,
      tls: options.tls,
      access: options.access ?? apiAccess(client, nodeName),
      set,
      paths,
      machine,
      cgroups,
    })
  }

  log.info({ node: nodeName, port }, 'kubelet started')
  return {
    ready: Promise.all([nodeObject?.registered, podInformer?.synced, files?.first]).then(() => {}),
    port: server?.port,
    async stop() {
      housekeeping.stop()
      files?.stop()
      health.stop()
      await Promise.all([
        podInformer?.stop(),
        serviceInformer?.stop(),
        runtime.stop(),
        nodeObject?.stop(),
        server?.stop(),
      ])
      await set.close()
      statuses.stop()
      await Promise.all([objects.stop(), mirrors.stop(), recorder?.flush()])
    },
  }
}

/** Read at each use: it changes while the kubelet runs. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
