import type { ResourceQuota } from '../../api/core/v1/resource-quota.ts'
import { type FieldError, fieldInvalid } from '../../machinery/field-error.ts'
import { qualifiedName } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type { Strategy } from '../registry/strategy.ts'
import { each, immutable, named, oneOf } from '../validation/rules.ts'

const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
]

/** Amounts of named resources, within scopes that stay. */
export const resourceQuotaStrategy: Strategy<ResourceQuota> = {
  generation: false,
  validate({ spec }) {
    const errors: FieldError[] = []
    for (const [name, amount] of Object.entries(spec.hard ?? {})) {
      errors.push(...named(name, `spec.hard[${name}]`, qualifiedName))
      if (compareQuantities(amount, '0') < 0) {
        errors.push(fieldInvalid(`spec.hard[${name}]`, amount, 'must be greater than or equal to 0'))
      }
    }
    return [...errors, ...each(spec.scopes, 'spec.scopes', (scope, at) => oneOf(scope, at, scopes))]
  },
  validateUpdate: ({ spec }, old) => immutable(spec.scopes ?? [], old.spec.scopes ?? [], 'spec.scopes'),
}
