import type { PodTemplate } from '../../api/core/v1/pod-template.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validatePodTemplate } from '../validation/pod-template.ts'

/** A template of a pod. */
export const podTemplateStrategy: Strategy<PodTemplate> = {
  generation: true,
  validate: ({ template }) => validatePodTemplate(template, 'template'),
}
