import type { StatefulSet } from '../../api/apps/v1/stateful-set.ts'
import { type FieldError, fieldForbidden, fieldInvalid } from '../../machinery/field-error.ts'
import { deepEqual } from '../cache/json.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validateAmount } from '../validation/int-or-percent.ts'
import { validateLastingTemplate, validatePodTemplate, validateSelectorOfTemplate } from '../validation/pod-template.ts'
import { type Errors, nonNegative, oneOf } from '../validation/rules.ts'

/** A selector for the template; volume claims and the service stay. */
export const statefulSetStrategy: Strategy<StatefulSet> = {
  validate({ spec }) {
    return [
      ...oneOf(spec.podManagementPolicy, 'spec.podManagementPolicy', ['OrderedReady', 'Parallel']),
      ...validateUpdateStrategy(spec),
      ...nonNegative(spec.replicas, 'spec.replicas'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
      ...validateSelectorOfTemplate(spec.selector, spec.template, 'statefulset'),
      ...validatePodTemplate(spec.template, 'spec.template'),
      ...validateLastingTemplate(spec.template),
    ]
  },
  validateUpdate({ spec }, old) {
    const changeable = Object.fromEntries(changeableFields.map(field => [field, undefined]))
    if (deepEqual({ ...spec, ...changeable }, { ...old.spec, ...changeable })) return []
    const list = changeableFields.map(field => `'${field}'`)
    const names = `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`
    return [fieldForbidden('spec', `updates to statefulset spec for fields other than ${names} are forbidden`)]
  },
}

const changeableFields = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

function validateUpdateStrategy({ updateStrategy: { type, rollingUpdate } }: StatefulSet['spec']): Errors {
  const path = 'spec.updateStrategy'
  if (type === 'OnDelete') {
    if (!rollingUpdate) return []
    const why = "only allowed for updateStrategy 'RollingUpdate'"
    return [fieldInvalid(`${path}.rollingUpdate`, rollingUpdate, why)]
  }
  const errors: FieldError[] = [...oneOf(type, `${path}.type`, ['RollingUpdate', 'OnDelete'])]
  errors.push(...nonNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`))
  errors.push(
    ...validateAmount(rollingUpdate?.maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, { most: '100%' }),
  )
  return errors
}
