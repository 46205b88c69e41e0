/** What the container runtime has of one pod, in the kubelet's own words: the state the pure core looks at. */
import type { ContainerUser } from './types.ts'

export type RuntimeState = 'created' | 'running' | 'exited' | 'unknown'

export interface RuntimeContainer {
  readonly id: string
  readonly name: string
  readonly sandboxId: string
  /** How often a container of this name was started before: restartCount. */
  readonly attempt: number
  readonly state: RuntimeState
  /** Milliseconds since the epoch; 0: not yet. */
  readonly createdAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly reason: string
  /** The termination message, once it has ended. */
  readonly message: string
  readonly image: string
  readonly imageRef: string
  /** Of the container's declaration when it was created; empty when unknown. */
  readonly hash: string
  readonly user: ContainerUser | undefined
}

export interface RuntimeSandbox {
  readonly id: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAt: number
  /** Empty with the machine's network and once it is down. */
  readonly ips: readonly string[]
  readonly hostNetwork: boolean
}

/** Both lists newest first. */
export interface RuntimePod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly sandboxes: readonly RuntimeSandbox[]
  readonly containers: readonly RuntimeContainer[]
}

/** A pod of which nothing exists. */
export function noRuntime(metadata: {
  readonly uid: string
  readonly name: string
  readonly namespace: string
}): RuntimePod {
  const { uid, name, namespace } = metadata
  return { uid, name, namespace, sandboxes: [], containers: [] }
}

/** The newest container of a name. */
export function newest(runtime: RuntimePod, name: string): RuntimeContainer | undefined {
  return runtime.containers.find(c => c.name === name)
}

/** The second newest: what the status calls lastState. */
export function previous(runtime: RuntimePod, name: string): RuntimeContainer | undefined {
  return runtime.containers.filter(c => c.name === name)[1]
}

/** The sandbox that is up, if one is. */
export function readySandbox(runtime: RuntimePod): RuntimeSandbox | undefined {
  const sandbox = runtime.sandboxes[0]
  return sandbox?.ready ? sandbox : undefined
}

/** Whether anything of the pod runs or could. */
export function isAlive(runtime: RuntimePod): boolean {
  return (
    runtime.containers.some(c => c.state === 'running' || c.state === 'unknown') || runtime.sandboxes.some(s => s.ready)
  )
}
