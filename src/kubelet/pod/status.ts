/** The status of a pod, made anew from what is; and the patch that tells the API server what changed. */
import type { PodStatus } from '../../api/core/v1/pod-status.ts'
import { rfc3339 } from '../../base/clock.ts'
import { qosClass } from '../../machinery/pod-qos.ts'
import { podConditions } from './conditions.ts'
import { containerStatuses, type StatusInput } from './container-status.ts'
import { type Phase, phaseOf } from './phase.ts'
import { readySandbox } from './runtime-pod.ts'
import type { Pod } from './types.ts'

export interface PodStatusInput extends StatusInput {
  readonly hostIps: readonly string[]
  /** When the kubelet first saw the pod. */
  readonly seenAt: number
  /** The kubelet itself ended the pod (Evicted, DeadlineExceeded, refused): Failed whatever its containers say. */
  readonly verdict?: { readonly reason: string; readonly message: string } | undefined
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, runtime, verdict } = input
  const { init, main, ephemeral } = containerStatuses(input)
  const ended = [...init, ...main].every(s => !s.state?.running)
  const natural = phaseOf(pod, { init, main }, input.ending && ended)
  // A terminal phase is final, and is not told while something may still run.
  const phase = verdict && ended ? 'Failed' : verdict || (input.ending && !ended) ? keepRunning(pod, natural) : natural
  const sandbox = readySandbox(runtime)
  const hostNetwork = pod.spec.hostNetwork ?? false
  const ips = sandbox ? (hostNetwork ? input.hostIps : sandbox.ips) : (pod.status.podIPs ?? []).map(p => p.ip)
  const sandboxReady = sandbox !== undefined && (hostNetwork || sandbox.ips.length > 0)
  const conditions = podConditions({ pod, phase, init, main, sandboxReady, now: rfc3339(input.now) })
  const { generation } = pod.metadata
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions,
    ...(verdict && { reason: verdict.reason, message: verdict.message }),
    ...(input.hostIps.length && { hostIP: input.hostIps[0], hostIPs: input.hostIps.map(ip => ({ ip })) }),
    ...(ips.length && { podIP: ips[0], podIPs: ips.map(ip => ({ ip })) }),
    startTime: pod.status.startTime ?? rfc3339(input.seenAt),
    ...(init.length && { initContainerStatuses: init }),
    containerStatuses: main,
    ...(ephemeral.length && { ephemeralContainerStatuses: ephemeral }),
    qosClass: pod.status.qosClass ?? qosClass(pod.spec as never),
  }
}

function keepRunning(pod: Pod, phase: Phase): Phase {
  if (phase !== 'Succeeded' && phase !== 'Failed') return phase
  return pod.status.phase === 'Pending' ? 'Pending' : 'Running'
}

const owned = [
  'observedGeneration',
  'phase',
  'reason',
  'message',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
] as const

/** A strategic merge patch from what the API server has to `status`; undefined when nothing differs. */
export function statusPatch(pod: Pod, status: PodStatus): object | undefined {
  const patch: Record<string, unknown> = {}
  for (const field of owned) {
    if (same(pod.status[field], status[field])) continue
    const value = status[field] ?? null
    // Lists that would be merged are replaced instead, or old addresses would stay. Where there is none yet, old API
    // servers would take the directive for an element.
    const merged = (field === 'podIPs' || field === 'hostIPs') && Array.isArray(value) && pod.status[field]?.length
    patch[field] = merged ? [...value, { $patch: 'replace' }] : value
  }
  const conditions = status.conditions?.filter(
    c => !same(without(pod.status.conditions?.find(o => o.type === c.type)), without(c)),
  )
  if (conditions?.length) patch.conditions = conditions.map(c => nulled(c, pod))
  if (Object.keys(patch).length === 0) return undefined
  return { metadata: { uid: pod.metadata.uid }, status: patch }
}

/** Fields that a condition has lost must be taken away explicitly. */
function nulled(condition: object, pod: Pod): object {
  const { type } = condition as { type: string }
  const before = pod.status.conditions?.find(c => c.type === type) ?? {}
  const gone = Object.keys(before).filter(key => (condition as Record<string, unknown>)[key] === undefined)
  return { ...JSON.parse(JSON.stringify(condition)), ...Object.fromEntries(gone.map(key => [key, null])) }
}

function without(condition: object | undefined): object | undefined {
  return condition && { ...condition, lastProbeTime: undefined }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || canonical(a) === canonical(b)
}

/** Order of keys and absent fields do not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)))
  })
}
