import { always, atomicList, dflt, int32, int64, listBy, required, string } from '../../../schema/schema.ts'
import { autoscalingV2 } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { quantity, time } from '../../meta/v1/scalars.ts'
import { fillHorizontalPodAutoscalerSpec } from './defaults.ts'
import { horizontalPodAutoscalerColumns } from './horizontal-pod-autoscaler.columns.ts'

export class MetricTarget extends autoscalingV2.type({
  averageUtilization: int32(),
  averageValue: quantity(),
  type: required(string()),
  value: quantity(),
}) {}

export class ContainerResourceMetricSource extends autoscalingV2.type({
  container: required(string()),
  name: required(string()),
  target: required(MetricTarget),
}) {}

export class MetricValueStatus extends autoscalingV2.type({
  averageUtilization: int32(),
  averageValue: quantity(),
  value: quantity(),
}) {}

export class ContainerResourceMetricStatus extends autoscalingV2.type({
  container: required(string()),
  current: required(MetricValueStatus),
  name: required(string()),
}) {}

export class CrossVersionObjectReference extends autoscalingV2.type({
  apiVersion: string(),
  kind: required(string()),
  name: required(string()),
}) {}

export class MetricIdentifier extends autoscalingV2.type({
  name: required(string()),
  selector: LabelSelector,
}) {}

export class ExternalMetricSource extends autoscalingV2.type({
  metric: required(MetricIdentifier),
  target: required(MetricTarget),
}) {}

export class ExternalMetricStatus extends autoscalingV2.type({
  current: required(MetricValueStatus),
  metric: required(MetricIdentifier),
}) {}

export class HPAScalingPolicy extends autoscalingV2.type({
  periodSeconds: required(int32()),
  type: required(string()),
  value: required(int32()),
}) {}

export class HPAScalingRules extends autoscalingV2.type({
  policies: atomicList(HPAScalingPolicy),
  selectPolicy: string(),
  stabilizationWindowSeconds: int32(),
  tolerance: quantity(),
}) {}

export class HorizontalPodAutoscalerBehavior extends autoscalingV2.type({
  scaleDown: HPAScalingRules,
  scaleUp: HPAScalingRules,
}) {}

export class ObjectMetricSource extends autoscalingV2.type({
  describedObject: required(CrossVersionObjectReference),
  metric: required(MetricIdentifier),
  target: required(MetricTarget),
}) {}

export class PodsMetricSource extends autoscalingV2.type({
  metric: required(MetricIdentifier),
  target: required(MetricTarget),
}) {}

export class ResourceMetricSource extends autoscalingV2.type({
  name: required(string()),
  target: required(MetricTarget),
}) {}

export class MetricSpec extends autoscalingV2.type({
  containerResource: ContainerResourceMetricSource,
  external: ExternalMetricSource,
  object: ObjectMetricSource,
  pods: PodsMetricSource,
  resource: ResourceMetricSource,
  type: required(string()),
}) {}

export class HorizontalPodAutoscalerSpec extends autoscalingV2.type(
  {
    behavior: HorizontalPodAutoscalerBehavior,
    maxReplicas: required(int32()),
    metrics: atomicList(MetricSpec),
    minReplicas: dflt(int32(), 1),
    scaleTargetRef: required(CrossVersionObjectReference),
  },
  { fill: fillHorizontalPodAutoscalerSpec },
) {}

export class HorizontalPodAutoscalerCondition extends autoscalingV2.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class ObjectMetricStatus extends autoscalingV2.type({
  current: required(MetricValueStatus),
  describedObject: required(CrossVersionObjectReference),
  metric: required(MetricIdentifier),
}) {}

export class PodsMetricStatus extends autoscalingV2.type({
  current: required(MetricValueStatus),
  metric: required(MetricIdentifier),
}) {}

export class ResourceMetricStatus extends autoscalingV2.type({
  current: required(MetricValueStatus),
  name: required(string()),
}) {}

export class MetricStatus extends autoscalingV2.type({
  containerResource: ContainerResourceMetricStatus,
  external: ExternalMetricStatus,
  object: ObjectMetricStatus,
  pods: PodsMetricStatus,
  resource: ResourceMetricStatus,
  type: required(string()),
}) {}

export class HorizontalPodAutoscalerStatus extends autoscalingV2.type({
  conditions: listBy(HorizontalPodAutoscalerCondition, ['type']),
  currentMetrics: atomicList(MetricStatus),
  currentReplicas: int32(),
  desiredReplicas: required(int32()),
  lastScaleTime: time(),
  observedGeneration: int64(),
}) {}

export class HorizontalPodAutoscaler extends autoscalingV2.object({
  spec: required(HorizontalPodAutoscalerSpec),
  status: always(HorizontalPodAutoscalerStatus),
}) {}

export const horizontalPodAutoscalers = autoscalingV2.resource(HorizontalPodAutoscaler, {
  plural: 'horizontalpodautoscalers',
  short: ['hpa'],
  categories: ['all'],
  namespaced: true,
  status: true,
  columns: horizontalPodAutoscalerColumns,
})
