/** Reads what the runtime has of pods. Containers that have ended never change, so they are asked for once. */
import type { Host } from '../../host/host.ts'
import type { Cri } from '../cri/cri.ts'
import type * as cri from '../cri/types.ts'
import {
  containerNameLabel,
  hashAnnotation,
  messagePathAnnotation,
  messagePolicyAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  restartCountAnnotation,
} from '../labels.ts'
import type { RuntimeContainer, RuntimePod, RuntimeSandbox, RuntimeState } from './runtime-pod.ts'
import { terminationMessage } from './termination-message.ts'

const states: Readonly<Record<cri.ContainerState, RuntimeState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
}
const millis = (nanos: number) => Math.floor(nanos / 1e6)

export interface RuntimeReader {
  /** All pods the runtime has anything of, by uid; states only: no addresses, exit codes or messages. */
  all(): Promise<ReadonlyMap<string, RuntimePod>>
  /** One pod with everything. */
  pod(metadata: { readonly uid: string; readonly name: string; readonly namespace: string }): Promise<RuntimePod>
  /** The pod a container or sandbox belongs to, if it was seen. */
  podOf(id: string): string | undefined
}

/** A reader over one runtime. */
export function runtimeReader(options: { readonly cri: Cri; readonly host: Host }): RuntimeReader {
  const { cri: runtime, host } = options
  /** By container id. */
  const ended = new Map<string, RuntimeContainer>()
  const owners = new Map<string, string>()

  async function container(listed: cri.Container): Promise<RuntimeContainer | undefined> {
    const known = ended.get(listed.id)
    if (known) return known
    const found = await runtime.containerStatus(listed.id).catch(gone)
    if (!found) return undefined
    const read = containerOf(found.status, listed.podSandboxId)
    if (read.state !== 'exited') return read
    const whole = { ...read, message: await messageOf(found.status) }
    ended.set(listed.id, whole)
    return whole
  }

  function messageOf(status: cri.ContainerStatus): Promise<string> {
    const path = status.annotations[messagePathAnnotation]
    return terminationMessage(host, {
      file: path ? status.mounts.find(m => m.containerPath === path)?.hostPath : undefined,
      policy: status.annotations[messagePolicyAnnotation] ?? 'File',
      failed: status.exitCode !== 0,
      logFile: status.logPath,
      otherwise: status.message,
    })
  }

  async function sandbox(listed: cri.PodSandbox): Promise<RuntimeSandbox | undefined> {
    const found = await runtime.podSandboxStatus(listed.id).catch(gone)
    return found && sandboxOf(found.status)
  }

  return {
    async all() {
      const [sandboxes, containers] = await Promise.all([runtime.listPodSandbox(), runtime.listContainers()])
      const pods = new Map<string, { -readonly [K in keyof RuntimePod]: RuntimePod[K] }>()
      const podOf = (labels: cri.Labels) => {
        const uid = labels[podUidLabel]
        if (!uid) return undefined
        const name = labels[podNameLabel] ?? ''
        const namespace = labels[podNamespaceLabel] ?? ''
        let pod = pods.get(uid)
        if (!pod) pods.set(uid, (pod = { uid, name, namespace, sandboxes: [], containers: [] }))
        return pod
      }
      const alive = new Set(containers.map(c => c.id))
      for (const id of ended.keys()) if (!alive.has(id)) ended.delete(id)
      owners.clear()
      for (const s of sandboxes.toSorted((a, b) => b.createdAt - a.createdAt)) {
        const pod = podOf(s.labels)
        if (!pod) continue
        owners.set(s.id, pod.uid)
        const { id, metadata, createdAt } = s
        const ready = s.state === 'SANDBOX_READY'
        const listed = {
          id,
          attempt: metadata.attempt,
          ready,
          createdAt: millis(createdAt),
          ips: [],
          hostNetwork: false,
        }
        pod.sandboxes = [...pod.sandboxes, listed]
      }
      for (const c of containers.toSorted((a, b) => b.createdAt - a.createdAt)) {
        const pod = podOf(c.labels)
        if (!pod) continue
        owners.set(c.id, pod.uid)
        pod.containers = [...pod.containers, listedContainer(c)]
      }
      return pods
    },

    async pod({ uid, name, namespace }) {
      const labelSelector = { [podUidLabel]: uid }
      const [listedSandboxes, listedContainers] = await Promise.all([
        runtime.listPodSandbox({ labelSelector }),
        runtime.listContainers({ labelSelector }),
      ])
      for (const { id } of [...listedSandboxes, ...listedContainers]) owners.set(id, uid)
      const [sandboxes, containers] = await Promise.all([
        Promise.all(listedSandboxes.map(sandbox)),
        Promise.all(listedContainers.map(container)),
      ])
      const newestFirst = (a: { createdAt: number }, b: { createdAt: number }) => b.createdAt - a.createdAt
      return {
        uid,
        name,
        namespace,
        sandboxes: sandboxes.filter(s => s !== undefined).sort(newestFirst),
        containers: containers.filter(c => c !== undefined).sort((a, b) => b.attempt - a.attempt || newestFirst(a, b)),
      }
    },

    podOf: id => owners.get(id),
  }
}

/** Between list and status a thing may go. */
function gone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') return undefined
  throw error
}

function sandboxOf(status: cri.PodSandboxStatus): RuntimeSandbox {
  const { network } = status
  const ips = network?.ip ? [network.ip, ...network.additionalIps.map(a => a.ip)] : []
  return {
    id: status.id,
    attempt: status.metadata.attempt,
    ready: status.state === 'SANDBOX_READY',
    createdAt: millis(status.createdAt),
    ips,
    hostNetwork: status.linux?.namespaces?.options?.network === 'NODE',
  }
}

function listedContainer(listed: cri.Container): RuntimeContainer {
  return {
    id: listed.id,
    name: listed.labels[containerNameLabel] ?? listed.metadata.name,
    sandboxId: listed.podSandboxId,
    attempt: Number(listed.annotations[restartCountAnnotation] ?? listed.metadata.attempt),
    state: states[listed.state],
    createdAt: millis(listed.createdAt),
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: listed.image?.userSpecifiedImage || listed.image?.image || '',
    imageRef: listed.imageRef,
    hash: listed.annotations[hashAnnotation] ?? '',
    user: undefined,
  }
}

function containerOf(status: cri.ContainerStatus, podSandboxId: string): RuntimeContainer {
  const user = status.user?.linux
  return {
    ...listedContainer({ ...status, podSandboxId }),
    startedAt: millis(status.startedAt),
    finishedAt: millis(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    user: user ? { linux: { uid: user.uid, gid: user.gid, supplementalGroups: user.supplementalGroups } } : undefined,
  }
}
