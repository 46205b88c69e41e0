/** The workers of all pods of this node, fed by the sources: the API server's pods, and static ones with their mirrors. */
import { isPodTerminal } from '../../machinery/pods.ts'
import { configHashAnnotation, configMirrorAnnotation } from '../labels.ts'
import type { PodDeps } from './deps.ts'
import { PodWorker } from './pod-worker.ts'
import type { Pod } from './types.ts'

export interface PodSet {
  /** A pod of the API server, new or changed. */
  seen(pod: Pod): void
  gone(pod: Pod): void
  /** All static pods there are now. */
  static(pods: readonly Pod[]): void
  worker(uid: string): PodWorker | undefined
  find(namespace: string, name: string): PodWorker | undefined
  /** Of each pod that is not removed, as last declared. */
  workers(): readonly PodWorker[]
  /** Called by a worker when nothing is left of its pod. */
  removed(uid: string): void
  close(): Promise<void>
}

export interface MirrorPods {
  /** Makes the API server's picture of a static pod. */
  create(pod: Pod): void
  remove(mirror: Pod): void
}

export function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[configMirrorAnnotation] !== undefined
}

const fullName = (pod: Pod) => `${pod.metadata.namespace}/${pod.metadata.name}`

/** `deps` is asked when the first worker is made. */
export function podSet(options: { readonly deps: () => PodDeps; readonly mirrors: MirrorPods }): PodSet {
  const { mirrors } = options
  const workers = new Map<string, PodWorker>()
  const mirrored = new Map<string, Pod>()
  let statics = new Map<string, Pod>()

  function begin(pod: Pod, apiPod: Pod | undefined): void {
    const worker = new PodWorker(options.deps(), pod, apiPod)
    workers.set(pod.metadata.uid, worker)
    worker.poke()
  }

  function static_(name: string): PodWorker | undefined {
    const pod = statics.get(name)
    return pod && workers.get(pod.metadata.uid)
  }

  /** Starts those static pods whose predecessors of the same name are gone. */
  function beginStatics(): void {
    for (const [name, pod] of statics) {
      const current = [...workers.values()].find(
        w => fullName(w.pod) === name && w.pod.metadata.annotations?.[configHashAnnotation],
      )
      if (!current) begin(pod, matching(pod))
      const mirror = mirrored.get(name)
      if (!mirror) mirrors.create(pod)
      else if (!matching(pod)) mirrors.remove(mirror)
    }
  }

  /** The mirror of just this version of a static pod. */
  function matching(pod: Pod): Pod | undefined {
    const mirror = mirrored.get(fullName(pod))
    const hash = mirror?.metadata.annotations?.[configMirrorAnnotation]
    return hash === pod.metadata.uid && !mirror?.metadata.deletionTimestamp ? mirror : undefined
  }

  function seenMirror(mirror: Pod): void {
    const name = fullName(mirror)
    mirrored.set(name, mirror)
    const pod = statics.get(name)
    if (pod && matching(pod)) static_(name)?.update(pod, mirror)
    else mirrors.remove(mirror)
  }

  return {
    seen(pod) {
      if (isMirror(pod)) return seenMirror(pod)
      const worker = workers.get(pod.metadata.uid)
      if (worker) worker.update(pod, pod)
      else begin(pod, pod)
    },
    gone(pod) {
      if (!isMirror(pod)) return workers.get(pod.metadata.uid)?.removed()
      mirrored.delete(fullName(pod))
      const own = statics.get(fullName(pod))
      if (!own) return
      static_(fullName(pod))?.update(own, undefined)
      mirrors.create(own)
    },
    static(pods) {
      const next = new Map(pods.map(pod => [fullName(pod), pod]))
      const before = statics
      statics = next
      for (const [name, pod] of before) {
        if (next.get(name)?.metadata.uid === pod.metadata.uid) continue
        workers.get(pod.metadata.uid)?.removed()
        const mirror = mirrored.get(name)
        if (mirror) mirrors.remove(mirror)
      }
      beginStatics()
    },
    worker: uid => workers.get(uid),
    find: (namespace, name) => {
      const found = [...workers.values()].filter(
        w => w.pod.metadata.namespace === namespace && w.pod.metadata.name === name,
      )
      // While one goes and its successor comes, the living one is meant.
      return found.find(w => !isPodTerminal(w.pod) && w.isActive) ?? found.at(-1)
    },
    workers: () => [...workers.values()],
    removed(uid) {
      workers.delete(uid)
      beginStatics()
    },
    async close() {
      await Promise.all([...workers.values()].map(worker => worker.close()))
    },
  }
}
