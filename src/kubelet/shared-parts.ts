/** Makes what the workers of all pods share. */
import { readFileSync } from 'node:fs'
import { services } from '../api/core/v1/service.ts'
import { Informer } from '../client/informer.ts'
import type { Cgroups } from '../host/cgroups.ts'
import { eventRecorder } from '../reconcile/event-recorder.ts'
import { imagePuller } from './image/image-puller.ts'
import { configHashAnnotation } from './labels.ts'
import type { Machine } from './node/machine.ts'
import { watchedObjects } from './objects.ts'
import type { CompleteOptions } from './options.ts'
import { admission } from './pod/admission.ts'
import { confirmEnd } from './pod/confirm-end.ts'
import type { PodDeps } from './pod/deps.ts'
import { podEvents } from './pod/pod-events.ts'
import type { PodSet } from './pod/pod-set.ts'
import { runtimeReader } from './pod/runtime-reader.ts'
import { statusWriter } from './pod/status-writer.ts'
import type { PodPaths } from './pod-paths.ts'
import { serviceAccountTokens } from './volumes/tokens.ts'
import { podVolumes } from './volumes/volumes.ts'

export interface SharedPartsInput {
  readonly options: CompleteOptions
  readonly machine: Machine
  readonly cgroups: Cgroups
  readonly paths: PodPaths
  readonly set: PodSet
  readonly networkProblem: () => string | undefined
}

/** `stop` comes after the workers have been closed. */
export async function sharedParts(
  input: SharedPartsInput,
): Promise<{ readonly deps: PodDeps; renewTokens(): void; stop(): Promise<void> }> {
  const { options, machine, cgroups, paths, set } = input
  const { client, host, cri, clock, nodeName, rootDir } = options
  const recorder = client && eventRecorder(client, { component: 'kubelet', host: nodeName }, clock)
  const objects = watchedObjects(client, uid => set.worker(uid)?.poke({ volumes: true }))
  const tokens = serviceAccountTokens(client, clock)
  const { nodeAddress } = options
  const node = {
    nodeName,
    get hostIps() {
      return [typeof nodeAddress === 'function' ? nodeAddress() : nodeAddress].flat()
    },
    allocatable: machine.allocatable,
    memoryCapacity: machine.memoryBytes,
  }
  const serviceInformer = client && new Informer(client, services, { clock }).start()
  const statuses = statusWriter(client, clock)
  const appArmor = await host.files.readIfThere('/sys/module/apparmor/parameters/enabled')
  const deps: PodDeps = {
    client,
    host,
    cri,
    clock,
    cgroups,
    cgroupRoot: options.cgroupRoot,
    podPidsLimit: options.podPidsLimit,
    paths,
    reader: runtimeReader({ cri, host }),
    images: imagePuller({ cri, clock }),
    objects,
    volumes: podVolumes({ host, paths, objects, tokens, node }),
    statuses,
    security: { seccompRoot: `${rootDir}/seccomp`, appArmor: appArmor?.trim() === 'Y' },
    node,
    dns: options,
    resolvConf: () => textOf(options.resolvConf),
    services: async pod => {
      // A static pod may be the very API server that would tell of Services.
      const isStatic = pod.metadata.annotations?.[configHashAnnotation] !== undefined
      if (!isStatic) await serviceInformer?.synced
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
    networkProblem: input.networkProblem,
    tokenRefreshAt: tokens.refreshAt,
    forget: uid => {
      objects.release(uid)
      tokens.forget(uid)
    },
    confirmEnd: confirmEnd(client, statuses),
    onRemoved: uid => set.removed(uid),
  }
  return {
    deps,
    renewTokens() {
      tokens.expire()
      for (const worker of set.workers()) worker.poke({ volumes: true })
    },
    async stop() {
      statuses.stop()
      await Promise.all([serviceInformer?.stop(), objects.stop(), recorder?.flush()])
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
