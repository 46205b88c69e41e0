import { always, atomicList, bool, dflt, int32, listBy, required, setOf, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { flowcontrol } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class FlowDistinguisherMethod extends flowcontrol.type({
  type: required(string()),
}) {}

export class NonResourcePolicyRule extends flowcontrol.type({
  nonResourceURLs: required(setOf(string())),
  verbs: required(setOf(string())),
}) {}

export class ResourcePolicyRule extends flowcontrol.type({
  apiGroups: required(setOf(string())),
  clusterScope: bool(),
  namespaces: setOf(string()),
  resources: required(setOf(string())),
  verbs: required(setOf(string())),
}) {}

export class GroupSubject extends flowcontrol.type({
  name: required(string()),
}) {}

export class ServiceAccountSubject extends flowcontrol.type({
  name: required(string()),
  namespace: required(string()),
}) {}

export class UserSubject extends flowcontrol.type({
  name: required(string()),
}) {}

export class Subject extends flowcontrol.type(
  {
    group: GroupSubject,
    kind: required(string()),
    serviceAccount: ServiceAccountSubject,
    user: UserSubject,
  },
  {
    unions: [
      {
        discriminator: 'kind',
        'fields-to-discriminateBy': { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' },
      },
    ],
  },
) {}

export class PolicyRulesWithSubjects extends flowcontrol.type({
  nonResourceRules: atomicList(NonResourcePolicyRule),
  resourceRules: atomicList(ResourcePolicyRule),
  subjects: required(atomicList(Subject)),
}) {}

export class PriorityLevelConfigurationReference extends flowcontrol.type({
  name: required(string()),
}) {}

export class FlowSchemaSpec extends flowcontrol.type({
  distinguisherMethod: FlowDistinguisherMethod,
  matchingPrecedence: dflt(int32(), 1000),
  priorityLevelConfiguration: required(PriorityLevelConfigurationReference),
  rules: atomicList(PolicyRulesWithSubjects),
}) {}

export class FlowSchemaCondition extends flowcontrol.type({
  lastTransitionTime: time(),
  message: string(),
  reason: string(),
  status: string(),
  type: string(),
}) {}

export class FlowSchemaStatus extends flowcontrol.type({
  conditions: listBy(FlowSchemaCondition, ['type']),
}) {}

export class FlowSchema extends flowcontrol.object({
  spec: always(FlowSchemaSpec),
  status: always(FlowSchemaStatus),
}) {}

export const flowSchemas = flowcontrol.resource(FlowSchema, {
  plural: 'flowschemas',
  namespaced: false,
  status: true,
  columns: [
    nameColumn,
    text('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration.name),
    integer('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence),
    text('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type),
    ageColumn,
    text('MissingPL', ({ status }) => status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'),
  ],
})
