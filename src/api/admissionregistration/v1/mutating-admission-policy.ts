import { always, atomicList, dflt, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { admissionregistration } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'

export class ApplyConfiguration extends admissionregistration.type({
  expression: string(),
}) {}

export class JSONPatch extends admissionregistration.type({
  expression: string(),
}) {}

export class MatchCondition extends admissionregistration.type({
  expression: required(string()),
  name: required(string()),
}) {}

export class NamedRuleWithOperations extends admissionregistration.type(
  {
    apiGroups: atomicList(string()),
    apiVersions: atomicList(string()),
    operations: atomicList(string()),
    resourceNames: atomicList(string()),
    resources: atomicList(string()),
    scope: dflt(string(), '*'),
  },
  { mapType: 'atomic' },
) {}

export class MatchResources extends admissionregistration.type(
  {
    excludeResourceRules: atomicList(NamedRuleWithOperations),
    matchPolicy: dflt(string(), 'Equivalent'),
    namespaceSelector: dflt(LabelSelector, {}),
    objectSelector: dflt(LabelSelector, {}),
    resourceRules: atomicList(NamedRuleWithOperations),
  },
  { mapType: 'atomic' },
) {}

export class Mutation extends admissionregistration.type({
  applyConfiguration: ApplyConfiguration,
  jsonPatch: JSONPatch,
  patchType: required(string()),
}) {}

export class ParamKind extends admissionregistration.type(
  {
    apiVersion: string(),
    kind: string(),
  },
  { mapType: 'atomic' },
) {}

export class Variable extends admissionregistration.type(
  {
    expression: required(string()),
    name: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class MutatingAdmissionPolicySpec extends admissionregistration.type({
  failurePolicy: dflt(string(), 'Fail'),
  matchConditions: listBy(MatchCondition, ['name']),
  matchConstraints: MatchResources,
  mutations: atomicList(Mutation),
  paramKind: ParamKind,
  reinvocationPolicy: string(),
  variables: atomicList(Variable),
}) {}

export class MutatingAdmissionPolicy extends admissionregistration.object({
  spec: always(MutatingAdmissionPolicySpec),
}) {}

export const mutatingAdmissionPolicies = admissionregistration.resource(MutatingAdmissionPolicy, {
  plural: 'mutatingadmissionpolicies',
  categories: ['api-extensions'],
  namespaced: false,
  columns: [nameColumn, ageColumn],
})
