import type { ReplicaSet } from '../../api/apps/v1/replica-set.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validateLastingTemplate, validatePodTemplate, validateSelectorOfTemplate } from '../validation/pod-template.ts'
import { immutable, nonNegative } from '../validation/rules.ts'

/** A selector for the template, for good. */
export const replicaSetStrategy: Strategy<ReplicaSet> = {
  validate({ spec }) {
    return [
      ...nonNegative(spec.replicas, 'spec.replicas'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...validateSelectorOfTemplate(spec.selector, spec.template, 'replicaset'),
      ...validatePodTemplate(spec.template, 'spec.template'),
      ...validateLastingTemplate(spec.template),
    ]
  },
  validateUpdate: ({ spec }, old) => immutable(spec.selector, old.spec.selector, 'spec.selector'),
}
