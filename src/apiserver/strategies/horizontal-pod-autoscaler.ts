import type { HorizontalPodAutoscaler as V1 } from '../../api/autoscaling/v1/horizontal-pod-autoscaler.ts'
import type { HorizontalPodAutoscaler as V2 } from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { type FieldError, fieldInvalid } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each, none, oneOf } from '../validation/rules.ts'

const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']

/** Bounds that leave room, and metrics of known types. */
export const horizontalPodAutoscalerStrategy: Strategy<V2> = {
  generation: false,
  validate: ({ spec }) =>
    spec
      ? [
          ...validateReplicas(spec),
          ...each(spec.metrics, 'spec.metrics', ({ type }, at) => oneOf(type || undefined, `${at}.type`, metricTypes)),
        ]
      : none,
}

/** The same in the older form, which knows only CPU. */
export const horizontalPodAutoscalerV1Strategy: Strategy<V1> = {
  generation: false,
  validate: ({ spec }) => (spec ? validateReplicas(spec) : none),
}

interface Replicas {
  readonly minReplicas: number
  readonly maxReplicas: number
}

function validateReplicas({ minReplicas, maxReplicas }: Replicas): Errors {
  const errors: FieldError[] = []
  if (minReplicas < 1) {
    errors.push(fieldInvalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < 1) errors.push(fieldInvalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'))
  if (maxReplicas < minReplicas) {
    errors.push(fieldInvalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
  return errors
}
