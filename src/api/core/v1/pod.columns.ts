import { humanDuration } from '../../../base/duration.ts'
import type { Column } from '../../../schema/resource.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import type { Pod } from './pod.ts'
import { podSummary } from './pod-summary.ts'

function restartsText(pod: Pod, now: number): string {
  const { restarts, lastRestart } = podSummary(pod)
  return restarts > 0 && lastRestart > 0 ? `${restarts} (${humanDuration(now - lastRestart)} ago)` : String(restarts)
}

function gatesText({ spec, status }: Pod): string | undefined {
  if (!spec.readinessGates?.length) return undefined
  const open = spec.readinessGates.filter(({ conditionType }) =>
    status.conditions?.some(condition => condition.type === conditionType && condition.status === 'True'),
  )
  return `${open.length}/${spec.readinessGates.length}`
}

/** The table of pods. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', pod => {
    const { ready, total } = podSummary(pod)
    return `${ready}/${total}`
  }),
  text('Status', pod => podSummary(pod).reason),
  text('Restarts', restartsText),
  ageColumn,
  wide('IP', pod => pod.status.podIPs?.[0]?.ip || pod.status.podIP || undefined),
  wide('Node', pod => pod.spec.nodeName || undefined),
  wide('Nominated Node', pod => pod.status.nominatedNodeName || undefined),
  wide('Readiness Gates', gatesText),
]
