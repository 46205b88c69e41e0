/** Stops everything of a pod: main containers together, then sidecars in reverse, then the sandbox. */
import type { PodDeps } from './deps.ts'
import { killContainer } from './kill-container.ts'
import type { RuntimeContainer, RuntimePod } from './runtime-pod.ts'
import { isSidecar, type Pod } from './types.ts'

export interface EndOptions {
  readonly pod: Pod
  readonly runtime: RuntimePod
  /** Seconds, from now. */
  readonly grace: number
  readonly signal: AbortSignal
}

/** Resolves when nothing of it runs; throws when the runtime did not do it (try again) or the signal aborted. */
export async function stopPod(deps: PodDeps, { pod, runtime, grace, signal }: EndOptions): Promise<void> {
  const end = deps.clock.now() + grace * 1000
  const order = (pod.spec.initContainers ?? []).filter(isSidecar).map(c => c.name)
  const alive = runtime.containers.filter(c => c.state === 'running' || c.state === 'unknown')
  const kill = (container: RuntimeContainer) => {
    const left = Math.max(grace > 0 ? 1 : 0, Math.ceil((end - deps.clock.now()) / 1000))
    return killContainer(deps, {
      pod,
      runtime,
      container,
      grace: left,
      why: `Stopping container ${container.name}`,
      signal,
    })
  }
  await Promise.all(alive.filter(c => !order.includes(c.name)).map(kill))
  for (const name of order.toReversed()) {
    for (const container of alive.filter(c => c.name === name)) await kill(container)
  }
  for (const { id } of runtime.sandboxes.filter(s => s.ready)) await deps.cri.stopPodSandbox(id)
}

/** Takes dead containers and sandboxes, logs and folders away, once nobody asks for the pod any more. */
export async function removePod(deps: PodDeps, runtime: RuntimePod): Promise<void> {
  for (const { id } of runtime.containers) await deps.cri.removeContainer(id)
  for (const { id } of runtime.sandboxes) {
    await deps.cri.stopPodSandbox(id)
    await deps.cri.removePodSandbox(id)
  }
  await deps.volumes.tearDown(runtime.uid)
  await deps.host.files.remove(deps.paths.logs(runtime))
}
