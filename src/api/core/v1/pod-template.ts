import { core } from '../../group-version.ts'
import { PodTemplateSpec } from './pod-template-spec.ts'

export class PodTemplate extends core.object({
  template: PodTemplateSpec,
}) {}

export const podTemplates = core.resource(PodTemplate, {
  plural: 'podtemplates',
  namespaced: true,
})
