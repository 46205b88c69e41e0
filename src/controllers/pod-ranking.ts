import type { Pod } from '../api/core/v1/pod.ts'
import { getCondition } from '../machinery/conditions.ts'
import { isPodReady } from '../machinery/pods.ts'

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

const cost = (pod: Pod) => Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0
const restarts = (pod: Pod) =>
  Math.max(0, ...(pod.status.containerStatuses ?? []).map(container => container.restartCount))
/** Milliseconds since it got ready, on a logarithmic scale: small differences of age do not count. */
const age = (since: string | undefined, now: number) =>
  since ? Math.floor(Math.log2(Math.max(1, now - Date.parse(since)))) : 0
const readyAge = (pod: Pod, now: number) => age(getCondition(pod.status.conditions, 'Ready')?.lastTransitionTime, now)

/**
 * Orders pods for deletion as upstream does: unassigned, pending, not ready, low deletion cost, on nodes that have more
 * of `all`, ready for a shorter time, restarted more often, younger.
 */
export function cheapestToLoseFirst(now: number, all: readonly Pod[] = []): (a: Pod, b: Pod) => number {
  const onNode = new Map<string, number>()
  for (const { spec } of all) if (spec.nodeName) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1)
  const ranks: ((pod: Pod) => number)[] = [
    pod => (pod.spec.nodeName ? 1 : 0),
    pod => phases[pod.status.phase ?? 'Pending'] ?? 1,
    pod => (isPodReady(pod) ? 1 : 0),
    cost,
    pod => -(onNode.get(pod.spec.nodeName ?? '') ?? 0),
    pod => (isPodReady(pod) ? readyAge(pod, now) : 0),
    pod => -restarts(pod),
    pod => age(pod.metadata.creationTimestamp, now),
  ]
  return (a, b) => {
    for (const rank of ranks) {
      const difference = rank(a) - rank(b)
      if (difference) return difference
    }
    return 0
  }
}
