/** The statuses of a pod's containers, as the API shows them. */
import type { ContainerState, ContainerStatus } from '../../api/core/v1/container-status.ts'
import { rfc3339 } from '../../base/clock.ts'
import { newest, previous, type RuntimeContainer, type RuntimePod } from './runtime-pod.ts'
import { type Declared, declared, type Pod, type ProbeVerdict, type Waiting } from './types.ts'

export interface StatusInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly now: number
  readonly probe: (container: RuntimeContainer) => ProbeVerdict
  /** Why containers do not run: back-offs and failed starts. */
  readonly waiting: ReadonlyMap<string, Waiting>
  /** The pod is ending: nothing will start any more. */
  readonly ending: boolean
}

/** Statuses of init, main and ephemeral containers, in the order of their declarations. */
export function containerStatuses(input: StatusInput) {
  const all = declared(input.pod)
  const hasInit = all.some(d => d.kind === 'init' || d.kind === 'sidecar')
  const of = (...kinds: readonly Declared['kind'][]) =>
    all.filter(d => kinds.includes(d.kind)).map(d => statusOf(input, d, hasInit))
  return { init: of('init', 'sidecar'), main: of('main'), ephemeral: of('ephemeral') }
}

function statusOf(input: StatusInput, { kind, container }: Declared, hasInit: boolean): ContainerStatus {
  const { name } = container
  const { runtime, pod } = input
  const latest = newest(runtime, name)
  const waiting = input.waiting.get(name)
  const before = previousStatus(pod, name)
  const shown = { name, image: container.image ?? '', imageID: '', ready: false, restartCount: 0, started: false }
  if (!latest) {
    // The runtime may have forgotten what the API server still knows.
    if (before?.state?.terminated && (input.ending || (kind === 'init' && before.ready))) return before
    const reason = kind === 'main' && hasInit ? 'PodInitializing' : 'ContainerCreating'
    const state: ContainerState = { waiting: defined(waiting ?? { reason }) }
    if (before?.containerID && before.state?.terminated) {
      return { ...shown, restartCount: before.restartCount, state, lastState: before.state }
    }
    return { ...shown, lastState: {}, state }
  }
  const verdict = input.probe(latest)
  const running = latest.state === 'running'
  const terminated = latest.state === 'exited'
  const isWaiting = !running && !input.ending && waiting !== undefined
  const older = previous(runtime, name)
  const resources = container.resources
  const hasResources = Object.keys(resources).length > 0
  return {
    ...shown,
    image: latest.image || shown.image,
    imageID: latest.imageRef,
    containerID: `containerd://${latest.id}`,
    restartCount: latest.attempt,
    ready: kind === 'init' ? terminated && latest.exitCode === 0 : running && verdict.started && verdict.ready,
    started: running && verdict.started,
    state: isWaiting ? { waiting: defined(waiting) } : stateOf(latest),
    lastState: isWaiting && terminated ? stateOf(latest) : older ? stateOf(older) : {},
    ...(resources.requests && kind !== 'ephemeral' && { allocatedResources: resources.requests }),
    ...(kind !== 'ephemeral' && { resources: hasResources ? resources : {} }),
    ...(latest.user && { user: latest.user }),
    ...(container.volumeMounts?.length && {
      volumeMounts: container.volumeMounts.map(m => ({
        name: m.name,
        mountPath: m.mountPath,
        ...(m.readOnly && { readOnly: true, recursiveReadOnly: m.recursiveReadOnly ?? 'Disabled' }),
      })),
    }),
  }
}

function previousStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses: main = [] } = pod.status
  return [...initContainerStatuses, ...main].find(s => s.name === name)
}

function stateOf(container: RuntimeContainer): ContainerState {
  if (container.state === 'running') return { running: { startedAt: time(container.startedAt) } }
  if (container.state !== 'exited') return { waiting: { reason: 'ContainerCreating' } }
  const { exitCode, message, finishedAt, startedAt } = container
  return {
    terminated: {
      exitCode,
      reason: container.reason || (exitCode === 0 ? 'Completed' : 'Error'),
      ...(message && { message }),
      startedAt: time(startedAt),
      finishedAt: time(finishedAt),
      containerID: `containerd://${container.id}`,
    },
  }
}

function time(ms: number): string | undefined {
  return ms > 0 ? rfc3339(ms) : undefined
}

function defined(waiting: Waiting): Waiting {
  return waiting.message ? waiting : { reason: waiting.reason }
}
