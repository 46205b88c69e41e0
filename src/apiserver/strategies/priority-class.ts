import type { PriorityClass } from '../../api/scheduling/v1/priority-class.ts'
import { type FieldError, fieldForbidden } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { oneOf } from '../validation/rules.ts'

const mostOfUsers = 1_000_000_000
/** The classes of Kubernetes' own parts. */
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

/** The highest values are for Kubernetes itself; a value stays. */
export const priorityClassStrategy: Strategy<PriorityClass> = {
  generation: true,
  validate({ metadata: { name }, value = 0, preemptionPolicy }) {
    const errors: FieldError[] = [...oneOf(preemptionPolicy, 'preemptionPolicy', ['Never', 'PreemptLowerPriority'])]
    if (systemClasses[name] === value) return errors
    if (name.startsWith('system-')) {
      const why = `error: ${name} is not a known system priority class`
      const rule = "priority class names with 'system-' prefix are reserved for system use only"
      errors.push(fieldForbidden('metadata.name', `${rule}. ${why}`))
    }
    if (value > mostOfUsers) {
      errors.push(fieldForbidden('value', `maximum allowed value of a user defined priority is ${mostOfUsers}`))
    }
    return errors
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    if (object.value !== old.value) errors.push(fieldForbidden('value', 'may not be changed in an update.'))
    if (object.preemptionPolicy !== old.preemptionPolicy) {
      errors.push(fieldForbidden('preemptionPolicy', 'may not be changed in an update.'))
    }
    return errors
  },
}
