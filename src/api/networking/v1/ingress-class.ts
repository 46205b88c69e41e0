import { always, dflt, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { networking } from '../../group-version.ts'

export class IngressClassParametersReference extends networking.type({
  apiGroup: string(),
  kind: required(string()),
  name: required(string()),
  namespace: string(),
  scope: dflt(string(), 'Cluster'),
}) {}

export class IngressClassSpec extends networking.type({
  controller: string(),
  parameters: IngressClassParametersReference,
}) {}

export class IngressClass extends networking.object({
  spec: always(IngressClassSpec),
}) {}

export const ingressClasses = networking.resource(IngressClass, {
  plural: 'ingressclasses',
  namespaced: false,
  columns: [
    nameColumn,
    text('Controller', ({ spec }) => spec.controller ?? ''),
    text(
      'Parameters',
      ({ spec: { parameters } }) =>
        parameters && `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`,
    ),
    ageColumn,
  ],
})
