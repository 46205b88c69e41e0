import type { ContainerStateTerminated, ContainerStatus } from './container-status.ts'
import type { Pod } from './pod.ts'

/** What `kubectl get pods` says of a pod in a few words. */
export interface PodSummary {
  readonly reason: string
  readonly ready: number
  readonly total: number
  readonly restarts: number
  /** Milliseconds since the epoch, 0 when nothing was restarted. */
  readonly lastRestart: number
}

interface Count {
  ready: number
  restarts: number
  lastRestart: number
}

/** Tells what state a pod is in, as people read it. */
export function podSummary(pod: Pod): PodSummary {
  const { spec, status } = pod
  const restartable = new Set(
    spec.initContainers?.filter(container => container.restartPolicy === 'Always').map(container => container.name),
  )
  const scheduled = status.conditions?.find(condition => condition.type === 'PodScheduled')
  const held = scheduled?.reason === 'SchedulingGated' ? scheduled.reason : undefined
  const first = held || status.reason || status.phase || 'Unknown'
  const init = initSummary(pod, restartable)
  const { count, sidecars } = init
  const running = init.reason === undefined || isTrue(pod, 'Initialized')
  const main = running ? mainSummary(pod, sidecars) : count
  const reason = running ? (mainReason(pod) ?? init.reason ?? first) : init.reason!
  const total = spec.containers.length + restartable.size
  return { ...main, total, reason: deletionReason(pod) ?? reason }
}

const isTrue = (pod: Pod, type: string) =>
  pod.status.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

function deletionReason({ metadata, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined
  if (status.reason === 'NodeLost') return 'Unknown'
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? undefined : 'Terminating'
}

function add(count: Count, status: ContainerStatus): void {
  count.restarts += status.restartCount
  const finished = status.lastState?.terminated?.finishedAt
  if (finished) count.lastRestart = Math.max(count.lastRestart, Date.parse(finished))
}

/** The first init container that is not done says why the pod waits; sidecars that started do not hold it up. */
function initSummary({ spec, status }: Pod, restartable: ReadonlySet<string>) {
  const count: Count = { ready: 0, restarts: 0, lastRestart: 0 }
  const sidecars: Count = { ready: 0, restarts: 0, lastRestart: 0 }
  for (const [i, each] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = restartable.has(each.name)
    add(count, each)
    if (sidecar) add(sidecars, each)
    if (each.state?.terminated?.exitCode === 0) continue
    if (sidecar && each.started) {
      if (each.ready) {
        count.ready++
        sidecars.ready++
      }
      continue
    }
    return { reason: initReason(each, i, spec.initContainers?.length ?? 0), count, sidecars }
  }
  return { reason: undefined, count, sidecars }
}

function initReason({ state }: ContainerStatus, index: number, total: number): string {
  if (state?.terminated) return `Init:${endText(state.terminated)}`
  const waiting = state?.waiting?.reason
  return waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`
}

/** Why a container ended. */
const endText = ({ reason, signal, exitCode }: ContainerStateTerminated) =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)

const runs = (status: ContainerStatus) => status.ready && status.state?.running !== undefined

function mainSummary({ status }: Pod, sidecars: Count): Count {
  const count = { ...sidecars }
  for (const each of status.containerStatuses ?? []) {
    add(count, each)
    if (!each.state?.waiting?.reason && !each.state?.terminated && runs(each)) count.ready++
  }
  return count
}

/** The first container that does not run says what is with the pod. */
function mainReason(pod: Pod): string | undefined {
  let reason: string | undefined
  let anyRuns = false
  for (const each of [...(pod.status.containerStatuses ?? [])].reverse()) {
    const { waiting, terminated } = each.state ?? {}
    if (waiting?.reason) reason = waiting.reason
    else if (terminated) reason = endText(terminated)
    else if (runs(each)) anyRuns = true
  }
  if (reason !== 'Completed' || !anyRuns) return reason
  return isTrue(pod, 'Ready') ? 'Running' : 'NotReady'
}
