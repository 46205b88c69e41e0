import type { ReplicationController } from '../../api/core/v1/replication-controller.ts'
import { fieldRequired } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validateLastingTemplate, validatePodTemplate, validateSelectorOfTemplate } from '../validation/pod-template.ts'
import { nonNegative } from '../validation/rules.ts'

/** A selector for the template. */
export const replicationControllerStrategy: Strategy<ReplicationController> = {
  validate({ spec }) {
    const { selector, template } = spec
    const selects = Object.keys(selector ?? {}).length > 0
    return [
      ...nonNegative(spec.replicas, 'spec.replicas'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...(selects
        ? validateSelectorOfTemplate({ matchLabels: selector }, template, 'replicationcontroller')
        : [fieldRequired('spec.selector')]),
      ...(template ? validatePodTemplate(template, 'spec.template') : [fieldRequired('spec.template')]),
      ...validateLastingTemplate(template),
    ]
  },
}
