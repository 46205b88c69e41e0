/** The next steps of a StatefulSet: in order of the ordinals, one at a time unless it says Parallel. Pure. */
import type { StatefulSet } from '../api/apps/v1/stateful-set.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { scaledValue } from '../machinery/int-or-string.ts'
import { isPodTerminal, podAvailability } from '../machinery/pods.ts'
import { isOfRevision, ordinalOf } from './stateful-pods.ts'

export interface Revisions {
  /** Names: of the template that pods had before the update, and of today's. */
  readonly current: string
  readonly update: string
}

export interface StatefulPlan {
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[]
  readonly remove: readonly Pod[]
  /** Of those removed, the ones that do not come back. */
  readonly condemned: readonly Pod[]
}

const nothing: StatefulPlan = { create: [], remove: [], condemned: [] }

export function planStateful(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, now: number): StatefulPlan {
  const first = set.spec.ordinals?.start ?? 0
  const end = first + set.spec.replicas
  const byOrdinal = new Map(pods.map(pod => [ordinalOf(set, pod)!, pod]))
  const parallel = set.spec.podManagementPolicy === 'Parallel'
  const isWell = (pod: Pod) =>
    !pod.metadata.deletionTimestamp && podAvailability(pod, set.spec.minReadySeconds ?? 0, now) === 'available'
  const create: { ordinal: number; revision: string }[] = []
  const remove: Pod[] = []
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) create.push({ ordinal, revision: revisionFor(set, ordinal, revisions) })
    else if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) remove.push(pod)
    else if (isWell(pod)) continue
    if (!parallel) return { ...nothing, create, remove }
  }
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal < first || ordinal >= end)
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod)
  const going = condemned.filter(pod => !pod.metadata.deletionTimestamp)
  if (parallel) remove.push(...going)
  else if (condemned.length) {
    const next = condemned[0]!.metadata.deletionTimestamp ? [] : [condemned[0]!]
    return { create, remove: next, condemned: next }
  }
  if (create.length === 0 && remove.length === going.length)
    remove.push(...planUpdate(set, byOrdinal, revisions, isWell))
  return { create, remove, condemned: going }
}

/** Below the partition pods stay with the template they had. */
function revisionFor(set: StatefulSet, ordinal: number, { current, update }: Revisions): string {
  const { type, rollingUpdate } = set.spec.updateStrategy
  const keeps = type === 'RollingUpdate' && ordinal < (set.spec.ordinals?.start ?? 0) + (rollingUpdate?.partition ?? 0)
  return keeps ? current : update
}

/** Pods of an older template from the highest ordinal down, as many at a time as may be missing. */
function planUpdate(
  set: StatefulSet,
  byOrdinal: ReadonlyMap<number, Pod>,
  { update }: Revisions,
  isWell: (pod: Pod) => boolean,
): Pod[] {
  const { type, rollingUpdate } = set.spec.updateStrategy
  if (type !== 'RollingUpdate') return []
  const first = set.spec.ordinals?.start ?? 0
  const limit = Math.max(1, scaledValue(rollingUpdate?.maxUnavailable ?? 1, set.spec.replicas, 'up') ?? 1)
  const remove: Pod[] = []
  let missing = [...byOrdinal.values()].filter(pod => !isWell(pod)).length
  for (let ordinal = first + set.spec.replicas - 1; ordinal >= first + (rollingUpdate?.partition ?? 0); ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (!pod || pod.metadata.deletionTimestamp || isOfRevision(pod, update)) continue
    if (isWell(pod) && missing >= limit) break
    if (isWell(pod)) missing++
    remove.push(pod)
  }
  return remove
}
