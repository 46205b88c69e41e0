import type { Column } from '../../../schema/resource.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from './horizontal-pod-autoscaler.ts'

const most = 2

/** The parts of a metric that a table shows, whatever its type. */
function partOf(metric: MetricSpec): { name: string; target: MetricTarget } | undefined {
  const { resource, containerResource, pods, object, external } = metric
  if (resource) return { name: `${resource.name}: `, target: resource.target }
  if (containerResource) return { name: `${containerResource.name}: `, target: containerResource.target }
  const other = pods ?? object ?? external
  return other && { name: '', target: other.target }
}

function currentOf(status: MetricStatus | undefined): MetricValueStatus | undefined {
  return (status?.resource ?? status?.containerResource ?? status?.pods ?? status?.object ?? status?.external)?.current
}

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  const part = partOf(metric)
  if (!part) return '<unknown type>'
  const { averageUtilization, averageValue, value } = part.target
  const now = currentOf(status)
  if (averageUtilization !== undefined) {
    const used = now?.averageUtilization === undefined ? '<unknown>' : `${now.averageUtilization}%`
    return `${part.name}${used}/${averageUtilization}%`
  }
  if (averageValue !== undefined) return `${part.name}${now?.averageValue ?? '<unknown>'}/${averageValue} (avg)`
  return `${part.name}${now?.value ?? '<unknown>'}/${value}`
}

function targetsText({ spec, status }: HorizontalPodAutoscaler): string | undefined {
  const metrics = spec.metrics ?? []
  const texts = metrics.map((metric, i) => metricText(metric, status.currentMetrics?.[i]))
  const shown = texts.slice(0, most).join(', ')
  return (texts.length > most ? `${shown} + ${texts.length - most} more...` : shown) || undefined
}

/** The table of autoscalers. */
export const horizontalPodAutoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  text('Reference', ({ spec: { scaleTargetRef } }) => `${scaleTargetRef.kind}/${scaleTargetRef.name}`),
  text('Targets', targetsText),
  text('MinPods', autoscaler => String(autoscaler.spec.minReplicas)),
  integer('MaxPods', autoscaler => autoscaler.spec.maxReplicas),
  integer('Replicas', autoscaler => autoscaler.status.currentReplicas ?? 0),
  ageColumn,
]
