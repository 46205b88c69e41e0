/** The arithmetic of a rollout: pure, from numbers to numbers. */
import type { Deployment } from '../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../api/apps/v1/replica-set.ts'
import { scaledValue } from '../machinery/int-or-string.ts'

export interface Scaling {
  readonly set: ReplicaSet
  readonly to: number
  /** The most pods all sets together may have. */
  readonly most: number
}

export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'

const isRolling = (deployment: Deployment) => deployment.spec.strategy.type === 'RollingUpdate'
const total = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number) =>
  sets.reduce((sum, set) => sum + of(set), 0)
const replicasOf = (set: ReplicaSet) => set.spec.replicas
const availableOf = (set: ReplicaSet) => set.status.availableReplicas ?? 0

/** How many pods a rollout may have too many, and too few. Both zero cannot move: one may then be missing. */
export function rolloutLimits(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { replicas, strategy } = deployment.spec
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 }
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy.rollingUpdate ?? {}
  const surge = scaledValue(maxSurge, replicas, 'up') ?? 0
  const unavailable = scaledValue(maxUnavailable, replicas, 'down') ?? 0
  return { surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) }
}

export function mostPods(deployment: Deployment): number {
  const { replicas } = deployment.spec
  return replicas > 0 ? replicas + rolloutLimits(deployment).surge : 0
}

/** Which sets get other numbers of replicas now, in this order. */
export function planRollout(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Scaling[] {
  const most = mostPods(deployment)
  const { replicas } = deployment.spec
  // A set that keeps its number is told of the new total all the same, or the Deployment would count as scaling forever.
  const knows = (set: ReplicaSet) => annotated(set, desiredAnnotation) === replicas
  const scaling = (set: ReplicaSet, to: number): Scaling[] =>
    set.spec.replicas === to && (to === 0 || knows(set)) ? [] : [{ set, to, most }]
  const sets = current ? [...old, current] : [...old]
  if (deployment.spec.paused || isScaling(deployment, sets)) return proportional(deployment, current, old, scaling)
  if (!current) return isRolling(deployment) ? [] : old.flatMap(set => scaling(set, 0))
  return isRolling(deployment)
    ? rolling(deployment, current, old, scaling)
    : recreate(deployment, current, old, scaling)
}

type Scale = (set: ReplicaSet, to: number) => Scaling[]

function recreate(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[], scale: Scale): Scaling[] {
  const down = old.flatMap(set => scale(set, 0))
  return down.length ? down : scale(current, deployment.spec.replicas)
}

function rolling(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[], scale: Scale): Scaling[] {
  const { replicas } = deployment.spec
  if (replicasOf(current) > replicas) return scale(current, replicas)
  if (replicasOf(current) < replicas) {
    const room = mostPods(deployment) - total([...old, current], replicasOf)
    const up = scale(current, Math.min(replicas, replicasOf(current) + Math.max(0, room)))
    if (up.length) return up
  }
  return oldDown(deployment, current, old, scale)
}

/** Old sets shrink by pods that are not available first, then by as many as may be missing. */
function oldDown(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[], scale: Scale): Scaling[] {
  const least = deployment.spec.replicas - rolloutLimits(deployment).unavailable
  const newUnavailable = replicasOf(current) - availableOf(current)
  let mayGo = total([...old, current], replicasOf) - least - newUnavailable
  const target = new Map(old.map(set => [set, replicasOf(set)]))
  for (const set of byAge(old)) {
    const sick = Math.min(mayGo, replicasOf(set) - availableOf(set))
    if (sick <= 0) continue
    target.set(set, target.get(set)! - sick)
    mayGo -= sick
  }
  let healthy = total([...old, current], availableOf) - least
  for (const set of byAge(old)) {
    const well = Math.min(healthy, target.get(set)!)
    if (well <= 0) continue
    target.set(set, target.get(set)! - well)
    healthy -= well
  }
  return old.flatMap(set => scale(set, target.get(set)!))
}

const byAge = (sets: readonly ReplicaSet[]) =>
  [...sets].sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))

function annotated(set: ReplicaSet, name: string): number | undefined {
  const text = set.metadata.annotations?.[name]
  return text === undefined ? undefined : Number(text)
}

/** The Deployment's own number changed since its sets were last scaled. */
function isScaling(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some(set => {
    const desired = annotated(set, desiredAnnotation)
    return set.spec.replicas > 0 && desired !== undefined && desired !== deployment.spec.replicas
  })
}

/** With several sets alive, each grows or shrinks by its share; the newest takes what rounding leaves. */
function proportional(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  scale: Scale,
): Scaling[] {
  const alive = [...old, ...(current ? [current] : [])].filter(set => set.spec.replicas > 0)
  const only = alive.length === 0 ? current : alive.length === 1 ? alive[0] : undefined
  if (only) return scale(only, deployment.spec.replicas)
  if (!isRolling(deployment) || alive.length === 0) return []
  const have = total(alive, replicasOf)
  const most = mostPods(deployment)
  let left = most - have
  const newestFirst = byAge(alive)
    .reverse()
    .sort((a, b) => (left > 0 ? replicasOf(b) - replicasOf(a) : replicasOf(a) - replicasOf(b)))
  const target = new Map(alive.map(set => [set, replicasOf(set)]))
  for (const set of newestFirst) {
    const before = annotated(set, maxReplicasAnnotation) || have
    const share = Math.round((replicasOf(set) * most) / before) - replicasOf(set)
    const change = left > 0 ? Math.min(Math.max(0, share), left) : Math.max(Math.min(0, share), left)
    target.set(set, Math.max(0, replicasOf(set) + change))
    left -= change
  }
  const largest = newestFirst[0]!
  target.set(largest, Math.max(0, target.get(largest)! + left))
  return alive.flatMap(set => scale(set, target.get(set)!))
}
