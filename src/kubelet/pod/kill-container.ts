/** Ends one container as its pod asked for it: preStop hook, then SIGTERM, then SIGKILL when the grace is over. */
import { delay } from '../../base/clock.ts'
import type { PodDeps } from './deps.ts'
import { runHook } from './hooks.ts'
import { type RuntimeContainer, type RuntimePod, readySandbox } from './runtime-pod.ts'
import { findContainer, type Pod } from './types.ts'

/** However little grace is left after the hook, a process gets this much to end by itself. Seconds. */
const leastAfterHook = 2

export interface KillOptions {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly container: RuntimeContainer
  /** Seconds. */
  readonly grace: number
  readonly why: string
  /** Gives up waiting: a shorter grace has come. */
  readonly signal?: AbortSignal
}

/** Resolves when the container has ended. */
export async function killContainer(deps: PodDeps, options: KillOptions): Promise<void> {
  const { pod, runtime, container, grace, why, signal } = options
  const { clock } = deps
  deps.event(pod, 'Normal', 'Killing', why, container.name)
  const found = findContainer(pod, container.name)
  const hook = found?.container.lifecycle?.preStop
  const began = clock.now()
  if (hook && found && grace > 0 && container.state === 'running') {
    const ip = readySandbox(runtime)?.ips[0] ?? deps.node.hostIps[0] ?? ''
    const target = { cri: deps.cri, container: found.container, containerId: container.id, ip }
    const stop = new AbortController()
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    const late = delay(grace * 1000, both, clock).catch(() => {})
    const running = runHook(hook, { target, timeout: grace * 1000, clock, signal: both }).catch(error => {
      if (!both.aborted)
        deps.event(pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${error.message}`, container.name)
    })
    await Promise.race([running, late])
    stop.abort()
    signal?.throwIfAborted()
  }
  const left = grace - Math.floor((clock.now() - began) / 1000)
  await deps.cri.stopContainer(
    container.id,
    grace === 0 ? 0 : hook ? Math.max(leastAfterHook, left) : left,
    signal ? { signal } : {},
  )
}
