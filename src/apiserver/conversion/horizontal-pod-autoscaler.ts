import type { JsonObject } from '../cache/json.ts'
import type { Conversion } from './conversion.ts'

interface Metric {
  readonly type: string
  readonly resource?: {
    readonly name: string
    readonly target?: { averageUtilization?: number }
    readonly current?: { averageUtilization?: number }
  }
}

const isCpu = (metric: Metric) => metric.type === 'Resource' && metric.resource?.name === 'cpu'
const listOf = (value: unknown) => (value ?? []) as readonly Metric[]
const objectOf = (value: unknown) => (value ?? {}) as JsonObject

/** Autoscalers are stored as autoscaling/v2; v1 knows the share of the processor alone and keeps the other metrics as they are. */
export const autoscalerConversion: Conversion = {
  fromStored(stored) {
    const { metrics, behavior: _, ...spec } = objectOf(stored.spec)
    const { currentMetrics, conditions: __, ...status } = objectOf(stored.status)
    const target = listOf(metrics).find(isCpu)?.resource?.target?.averageUtilization
    const current = listOf(currentMetrics).find(isCpu)?.resource?.current?.averageUtilization
    return {
      ...stored,
      apiVersion: 'autoscaling/v1',
      spec: { ...spec, ...(target !== undefined && { targetCPUUtilizationPercentage: target }) },
      status: { ...status, ...(current !== undefined && { currentCPUUtilizationPercentage: current }) },
    }
  },
  toStored(object, old) {
    const { targetCPUUtilizationPercentage: target, ...spec } = objectOf(object.spec)
    const { currentCPUUtilizationPercentage: current, ...status } = objectOf(object.status)
    const held = objectOf(old?.spec)
    const heldStatus = objectOf(old?.status)
    const cpu = {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } },
    }
    const seen = { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }
    const metrics = [...(target === undefined ? [] : [cpu]), ...listOf(held.metrics).filter(one => !isCpu(one))]
    const currentMetrics = [
      ...(current === undefined ? [] : [seen]),
      ...listOf(heldStatus.currentMetrics).filter(one => !isCpu(one)),
    ]
    const { behavior } = held
    const { conditions } = heldStatus
    return {
      ...object,
      apiVersion: 'autoscaling/v2',
      spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior !== undefined && { behavior }) },
      status: {
        ...status,
        ...(currentMetrics.length > 0 && { currentMetrics }),
        ...(conditions !== undefined && { conditions }),
      },
    }
  },
  fields: {},
}
