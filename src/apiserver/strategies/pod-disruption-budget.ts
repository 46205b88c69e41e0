import type { PodDisruptionBudget } from '../../api/policy/v1/pod-disruption-budget.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import { validateLabelSelector } from '../../machinery/label-selector.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validateAmount } from '../validation/int-or-percent.ts'
import { none, oneOf } from '../validation/rules.ts'

/** Either how many must stay or how many may go. */
export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  validate({ spec }) {
    const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec
    const both = minAvailable !== undefined && maxUnavailable !== undefined
    return [
      ...(both ? [fieldInvalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : none),
      ...validateAmount(minAvailable, 'spec.minAvailable', { most: '100%' }),
      ...validateAmount(maxUnavailable, 'spec.maxUnavailable', { most: '100%' }),
      ...oneOf(unhealthyPodEvictionPolicy, 'spec.unhealthyPodEvictionPolicy', ['AlwaysAllow', 'IfHealthyBudget']),
      ...(selector ? validateLabelSelector(selector, 'spec.selector') : none),
    ]
  },
}
