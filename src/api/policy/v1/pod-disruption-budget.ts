import { always, int32, int64, listBy, map, noted, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { policy } from '../../group-version.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { intOrString, time } from '../../meta/v1/scalars.ts'

export class PodDisruptionBudgetSpec extends policy.type({
  maxUnavailable: intOrString(),
  minAvailable: intOrString(),
  selector: noted(LabelSelector, { patchStrategy: 'replace' }),
  unhealthyPodEvictionPolicy: string(),
}) {}

export class PodDisruptionBudgetStatus extends policy.type({
  conditions: listBy(Condition, ['type']),
  currentHealthy: int32(),
  desiredHealthy: int32(),
  disruptedPods: map(time()),
  disruptionsAllowed: int32(),
  expectedPods: int32(),
  observedGeneration: int64(),
}) {}

export class PodDisruptionBudget extends policy.object({
  spec: always(PodDisruptionBudgetSpec),
  status: always(PodDisruptionBudgetStatus),
}) {}

export const podDisruptionBudgets = policy.resource(PodDisruptionBudget, {
  plural: 'poddisruptionbudgets',
  short: ['pdb'],
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    text('Min Available', ({ spec }) => String(spec.minAvailable ?? 'N/A')),
    text('Max Unavailable', ({ spec }) => String(spec.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', ({ status }) => status.disruptionsAllowed ?? 0),
    ageColumn,
  ],
})
