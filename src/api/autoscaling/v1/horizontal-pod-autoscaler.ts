import { always, dflt, int32, int64, required, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { autoscaling } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class CrossVersionObjectReference extends autoscaling.type(
  {
    apiVersion: string(),
    kind: required(string()),
    name: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class HorizontalPodAutoscalerSpec extends autoscaling.type({
  maxReplicas: required(int32()),
  minReplicas: dflt(int32(), 1),
  scaleTargetRef: required(CrossVersionObjectReference),
  targetCPUUtilizationPercentage: int32(),
}) {}

export class HorizontalPodAutoscalerStatus extends autoscaling.type({
  currentCPUUtilizationPercentage: int32(),
  currentReplicas: required(int32()),
  desiredReplicas: required(int32()),
  lastScaleTime: time(),
  observedGeneration: int64(),
}) {}

export class HorizontalPodAutoscaler extends autoscaling.object({
  spec: required(HorizontalPodAutoscalerSpec),
  status: always(HorizontalPodAutoscalerStatus),
}) {}

export const horizontalPodAutoscalers = autoscaling.resource(HorizontalPodAutoscaler, {
  plural: 'horizontalpodautoscalers',
  short: ['hpa'],
  categories: ['all'],
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    text('Reference', ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`),
    text(
      'Targets',
      ({ spec: { targetCPUUtilizationPercentage: target }, status: { currentCPUUtilizationPercentage: now } }) =>
        target === undefined ? undefined : `cpu: ${now === undefined ? '<unknown>' : `${now}%`}/${target}%`,
    ),
    text('MinPods', ({ spec }) => String(spec.minReplicas)),
    integer('MaxPods', ({ spec }) => spec.maxReplicas),
    integer('Replicas', ({ status }) => status.currentReplicas),
    ageColumn,
  ],
})
