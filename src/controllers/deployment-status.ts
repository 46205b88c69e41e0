import type { Deployment, DeploymentCondition, DeploymentStatus } from '../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../api/apps/v1/replica-set.ts'
import { rfc3339 } from '../base/clock.ts'
import { getCondition } from '../machinery/conditions.ts'
import { rolloutLimits } from './deployment-plan.ts'

const sum = (
  sets: readonly ReplicaSet[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas',
) => sets.reduce((total, set) => total + (set.status[field] ?? 0), 0)

/** A Deployment's sets as they are; `created`: the current one was made just now. */
export interface Rollout {
  readonly current: ReplicaSet | undefined
  readonly created?: boolean
  readonly sets: readonly ReplicaSet[]
  readonly now: number
}

/** The status as it should be; the Deployment's own status object when nothing changes. */
export function deploymentStatus(deployment: Deployment, rollout: Rollout): DeploymentStatus {
  const { current, sets } = rollout
  const { collisionCount } = deployment.status
  const wanted = sets.reduce((total, set) => total + set.spec.replicas, 0)
  const available = sum(sets, 'availableReplicas')
  const numbers = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(sets, 'replicas'),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: sum(sets, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    terminatingReplicas: sum(sets, 'terminatingReplicas'),
    ...(collisionCount !== undefined && { collisionCount }),
  }
  const conditions = conditionsOf(deployment, rollout, numbers)
  const status: DeploymentStatus = { ...numbers, conditions }
  const same = (Object.keys({ ...deployment.status, ...status }) as (keyof DeploymentStatus)[]).every(
    field => JSON.stringify(deployment.status[field] ?? 0) === JSON.stringify(status[field] ?? 0),
  )
  return same ? deployment.status : status
}

type Numbers = Readonly<Record<'replicas' | 'updatedReplicas' | 'availableReplicas' | 'readyReplicas', number>>

function conditionsOf(deployment: Deployment, rollout: Rollout, numbers: Numbers): readonly DeploymentCondition[] {
  const { sets, now } = rollout
  const failure = sets.flatMap(set => set.status.conditions?.filter(c => c.type === 'ReplicaFailure') ?? [])[0]
  const progressing = progressOf(deployment, rollout, numbers)
  const enough = numbers.availableReplicas >= deployment.spec.replicas - rolloutLimits(deployment).unavailable
  const available = enough
    ? ['True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.']
    : ['False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.']
  const [status, reason, message] = available as [string, string, string]
  const wanted: DeploymentCondition[] = [
    { type: 'Available', status, reason, message },
    ...(progressing ? [progressing] : []),
    ...(failure
      ? [{ type: 'ReplicaFailure', status: failure.status, reason: failure.reason, message: failure.message }]
      : []),
  ]
  return wanted.map(condition => timed(deployment, condition, now))
}

/** lastUpdateTime moves with reason or message, and with every bit of progress; lastTransitionTime with the status. */
function timed(deployment: Deployment, condition: DeploymentCondition, now: number): DeploymentCondition {
  const before = getCondition(deployment.status.conditions, condition.type)
  const at = rfc3339(now)
  const same = before && before.reason === condition.reason && before.message === condition.message
  const moved = condition.lastUpdateTime !== undefined || !same || before.status !== condition.status
  return {
    ...condition,
    lastUpdateTime: moved ? at : before.lastUpdateTime,
    lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : at,
  }
}

function progressOf(
  deployment: Deployment,
  { current, created, now }: Rollout,
  numbers: Numbers,
): DeploymentCondition | undefined {
  const before = getCondition(deployment.status.conditions, 'Progressing')
  const { replicas, paused, progressDeadlineSeconds } = deployment.spec
  const type = 'Progressing'
  const name = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  if (paused) {
    return { type, status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  }
  if (before?.reason === 'DeploymentPaused') {
    return { type, status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }
  }
  const complete =
    numbers.updatedReplicas === replicas && numbers.replicas === replicas && numbers.availableReplicas === replicas
  if (complete && current) {
    return { type, status: 'True', reason: 'NewReplicaSetAvailable', message: `${name} has successfully progressed.` }
  }
  if (current && (created || !before)) {
    const [reason, verb] = created ? ['NewReplicaSetCreated', 'Created new'] : ['FoundNewReplicaSet', 'Found new']
    const message = `${verb} replica set "${current.metadata.name}"`
    return { type, status: 'True', reason: reason!, message, lastUpdateTime: rfc3339(now) }
  }
  if (progressed(deployment.status, numbers)) {
    const message = `${name} is progressing.`
    return { type, status: 'True', reason: 'ReplicaSetUpdated', message, lastUpdateTime: rfc3339(now) }
  }
  if (before && before.reason !== 'NewReplicaSetAvailable' && before.reason !== 'ProgressDeadlineExceeded') {
    const since = Date.parse(before.lastUpdateTime ?? '') || now
    if (now - since > progressDeadlineSeconds * 1000) {
      const message = `${name} has timed out progressing.`
      return { type, status: 'False', reason: 'ProgressDeadlineExceeded', message }
    }
  }
  return before
}

function progressed(before: DeploymentStatus, now: Numbers): boolean {
  const old = (status: { replicas?: number | undefined; updatedReplicas?: number | undefined }) =>
    (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    now.updatedReplicas > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    now.readyReplicas > (before.readyReplicas ?? 0) ||
    now.availableReplicas > (before.availableReplicas ?? 0)
  )
}

/** When the progress deadline has to be looked at again, milliseconds from now. */
export function nextProgressCheck(deployment: Deployment, now: number): { after: number } | undefined {
  const condition = getCondition(deployment.status.conditions, 'Progressing')
  const waiting = condition?.status === 'True' && condition.reason !== 'NewReplicaSetAvailable'
  if (!waiting || deployment.spec.paused) return undefined
  const since = Date.parse(condition.lastUpdateTime ?? '') || now
  return { after: Math.max(1000, since + deployment.spec.progressDeadlineSeconds * 1000 - now + 1000) }
}
