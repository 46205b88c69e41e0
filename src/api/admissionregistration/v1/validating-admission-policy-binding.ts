import { required, setOf, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { admissionregistration } from '../../group-version.ts'
import { MatchResources } from './mutating-admission-policy.ts'
import { ParamRef } from './mutating-admission-policy-binding.ts'

export class ValidatingAdmissionPolicyBindingSpec extends admissionregistration.type({
  matchResources: MatchResources,
  paramRef: ParamRef,
  policyName: required(string()),
  validationActions: required(setOf(string())),
}) {}

export class ValidatingAdmissionPolicyBinding extends admissionregistration.object({
  spec: required(ValidatingAdmissionPolicyBindingSpec),
}) {}

export const validatingAdmissionPolicyBindings = admissionregistration.resource(ValidatingAdmissionPolicyBinding, {
  plural: 'validatingadmissionpolicybindings',
  categories: ['api-extensions'],
  namespaced: false,
  columns: [
    nameColumn,
    text('PolicyName', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', ({ spec: { paramRef } = {} }) => {
      if (!paramRef) return '<unset>'
      return paramRef.namespace ? `${paramRef.namespace}/${paramRef.name}` : `*/${paramRef.name}`
    }),
    ageColumn,
  ],
})
