import type { Lease } from '../../api/coordination/v1/lease.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { none, nonNegative } from '../validation/rules.ts'

/** A duration, if any, that is one. */
export const leaseStrategy: Strategy<Lease> = {
  validate({ spec: { leaseDurationSeconds: seconds, leaseTransitions } }) {
    return [
      ...(seconds !== undefined && seconds <= 0
        ? [fieldInvalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
        : none),
      ...nonNegative(leaseTransitions, 'spec.leaseTransitions'),
    ]
  },
}
