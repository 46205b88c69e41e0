import type { Pod } from '../api/core/v1/pod.ts'
import { getCondition, isConditionTrue } from './conditions.ts'

/** Its containers have ended and will not start again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

/** Counts for its controller: neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !pod.metadata.deletionTimestamp
}

/** Whether the pod takes traffic. */
export function isPodReady(pod: Pod): boolean {
  return isConditionTrue(pod.status.conditions, 'Ready')
}

/** Ready for at least `minReadySeconds`; else the milliseconds until it may be (undefined: it is not ready at all). */
export function podAvailability(pod: Pod, minReadySeconds: number, now: number): 'available' | number | undefined {
  const ready = getCondition(pod.status.conditions, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds === 0) return 'available'
  const left = Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000 - now
  return left <= 0 ? 'available' : left
}
