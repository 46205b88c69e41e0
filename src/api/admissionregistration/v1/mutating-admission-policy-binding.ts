import { always, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { admissionregistration } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { MatchResources } from './mutating-admission-policy.ts'

export class ParamRef extends admissionregistration.type(
  {
    name: string(),
    namespace: string(),
    parameterNotFoundAction: string(),
    selector: LabelSelector,
  },
  { mapType: 'atomic' },
) {}

export class MutatingAdmissionPolicyBindingSpec extends admissionregistration.type({
  matchResources: MatchResources,
  paramRef: ParamRef,
  policyName: string(),
}) {}

export class MutatingAdmissionPolicyBinding extends admissionregistration.object({
  spec: always(MutatingAdmissionPolicyBindingSpec),
}) {}

export const mutatingAdmissionPolicyBindings = admissionregistration.resource(MutatingAdmissionPolicyBinding, {
  plural: 'mutatingadmissionpolicybindings',
  categories: ['api-extensions'],
  namespaced: false,
  columns: [nameColumn, ageColumn],
})
