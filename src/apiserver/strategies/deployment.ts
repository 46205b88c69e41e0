import type { Deployment, DeploymentStrategy } from '../../api/apps/v1/deployment.ts'
import { type FieldError, fieldForbidden, fieldInvalid } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { isZero, validateAmount } from '../validation/int-or-percent.ts'
import { validateLastingTemplate, validatePodTemplate, validateSelectorOfTemplate } from '../validation/pod-template.ts'
import { type Errors, immutable, none, nonNegative, oneOf } from '../validation/rules.ts'

/** A selector for the template for good, and a rollout that can make progress. */
export const deploymentStrategy: Strategy<Deployment> = {
  validate({ spec }) {
    return [
      ...nonNegative(spec.replicas, 'spec.replicas'),
      ...validateSelectorOfTemplate(spec.selector, spec.template, 'deployment'),
      ...validatePodTemplate(spec.template, 'spec.template'),
      ...validateLastingTemplate(spec.template),
      ...validateRollout(spec.strategy, 'spec.strategy'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
      ...validateDeadline(spec.progressDeadlineSeconds, spec.minReadySeconds ?? 0),
    ]
  },
  validateUpdate: ({ spec }, old) => immutable(spec.selector, old.spec.selector, 'spec.selector'),
}

function validateDeadline(seconds: number, minReadySeconds: number): Errors {
  const path = 'spec.progressDeadlineSeconds'
  if (seconds > minReadySeconds) return nonNegative(seconds, path)
  return [...nonNegative(seconds, path), fieldInvalid(path, seconds, 'must be greater than minReadySeconds')]
}

function validateRollout({ type, rollingUpdate }: DeploymentStrategy, path: string): Errors {
  if (type === 'Recreate') {
    if (!rollingUpdate) return none
    return [fieldForbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
  }
  const errors: FieldError[] = [...oneOf(type, `${path}.type`, ['Recreate', 'RollingUpdate'])]
  if (!rollingUpdate) return errors
  const { maxUnavailable, maxSurge } = rollingUpdate
  const at = `${path}.rollingUpdate`
  errors.push(...validateAmount(maxUnavailable, `${at}.maxUnavailable`, { most: '100%' }))
  errors.push(...validateAmount(maxSurge, `${at}.maxSurge`))
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(fieldInvalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  }
  return errors
}
