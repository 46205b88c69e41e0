import { atomicList, required, string } from '../../../schema/schema.ts'
import { createdAtColumn, nameColumn } from '../../columns.ts'
import { rbac } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'

export class AggregationRule extends rbac.type({
  clusterRoleSelectors: atomicList(LabelSelector),
}) {}

export class PolicyRule extends rbac.type({
  apiGroups: atomicList(string()),
  nonResourceURLs: atomicList(string()),
  resourceNames: atomicList(string()),
  resources: atomicList(string()),
  verbs: required(atomicList(string())),
}) {}

export class ClusterRole extends rbac.object({
  aggregationRule: AggregationRule,
  rules: atomicList(PolicyRule),
}) {}

export const clusterRoles = rbac.resource(ClusterRole, {
  plural: 'clusterroles',
  namespaced: false,
  columns: [nameColumn, createdAtColumn],
})
