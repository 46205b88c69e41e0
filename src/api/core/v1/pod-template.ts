import { labelsText, nameColumn, text } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { PodTemplateSpec } from './pod-template-spec.ts'

export class PodTemplate extends core.object({
  template: PodTemplateSpec,
}) {}

export const podTemplates = core.resource(PodTemplate, {
  plural: 'podtemplates',
  namespaced: true,
  columns: [
    nameColumn,
    text('Containers', ({ template }) => (template?.spec?.containers ?? []).map(({ name }) => name).join(',')),
    text('Images', ({ template }) => (template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(',')),
    text('Pod Labels', ({ template }) => labelsText(template?.metadata?.labels)),
  ],
})
