import type { DaemonSet, DaemonSetUpdateStrategy } from '../../api/apps/v1/daemon-set.ts'
import { type FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { isZero, validateAmount } from '../validation/int-or-percent.ts'
import { validateLastingTemplate, validatePodTemplate, validateSelectorOfTemplate } from '../validation/pod-template.ts'
import { type Errors, immutable, nonNegative, oneOf } from '../validation/rules.ts'

/** A selector for the template for good, and an update that can make progress. */
export const daemonSetStrategy: Strategy<DaemonSet> = {
  validate({ spec }) {
    return [
      ...validateSelectorOfTemplate(spec.selector, spec.template, 'daemonset'),
      ...validatePodTemplate(spec.template, 'spec.template'),
      ...validateLastingTemplate(spec.template),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...validateUpdateStrategy(spec.updateStrategy, 'spec.updateStrategy'),
      ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ]
  },
  validateUpdate: ({ spec }, old) => immutable(spec.selector, old.spec.selector, 'spec.selector'),
}

function validateUpdateStrategy({ type, rollingUpdate }: DaemonSetUpdateStrategy, path: string): Errors {
  if (type !== 'RollingUpdate') return oneOf(type, `${path}.type`, ['RollingUpdate', 'OnDelete'])
  if (!rollingUpdate) return [fieldRequired(`${path}.rollingUpdate`)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const at = `${path}.rollingUpdate`
  const errors: FieldError[] = [
    ...validateAmount(maxUnavailable, `${at}.maxUnavailable`, { most: '100%' }),
    ...validateAmount(maxSurge, `${at}.maxSurge`, { most: '100%' }),
  ]
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(fieldInvalid(`${at}.maxUnavailable`, maxUnavailable, 'cannot be 0 when maxSurge is 0'))
  }
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(fieldInvalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  }
  return errors
}
