import { always, atomicList, dflt, int64, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { admissionregistration } from '../../group-version.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { MatchCondition, MatchResources, ParamKind, Variable } from './mutating-admission-policy.ts'

export class AuditAnnotation extends admissionregistration.type({
  key: required(string()),
  valueExpression: required(string()),
}) {}

export class ExpressionWarning extends admissionregistration.type({
  fieldRef: required(string()),
  warning: required(string()),
}) {}

export class TypeChecking extends admissionregistration.type({
  expressionWarnings: atomicList(ExpressionWarning),
}) {}

export class Validation extends admissionregistration.type({
  expression: required(string()),
  message: string(),
  messageExpression: string(),
  reason: string(),
}) {}

export class ValidatingAdmissionPolicySpec extends admissionregistration.type({
  auditAnnotations: atomicList(AuditAnnotation),
  failurePolicy: dflt(string(), 'Fail'),
  matchConditions: listBy(MatchCondition, ['name']),
  matchConstraints: MatchResources,
  paramKind: ParamKind,
  validations: atomicList(Validation),
  variables: listBy(Variable, ['name']),
}) {}

export class ValidatingAdmissionPolicyStatus extends admissionregistration.type({
  conditions: listBy(Condition, ['type'], {}),
  observedGeneration: int64(),
  typeChecking: TypeChecking,
}) {}

export class ValidatingAdmissionPolicy extends admissionregistration.object({
  spec: always(ValidatingAdmissionPolicySpec),
  status: always(ValidatingAdmissionPolicyStatus),
}) {}

export const validatingAdmissionPolicies = admissionregistration.resource(ValidatingAdmissionPolicy, {
  plural: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  namespaced: false,
  status: true,
  columns: [
    nameColumn,
    integer('Validations', ({ spec }) => spec?.validations?.length ?? 0),
    text('ParamKind', ({ spec }) =>
      spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : '<unset>',
    ),
    ageColumn,
  ],
})
