import { atomicList, required, string } from '../../../schema/schema.ts'
import { rbac } from '../../group-version.ts'
import { bindingColumns } from './binding.columns.ts'
import { fillRoleRef, fillSubject } from './defaults.ts'

export class RoleRef extends rbac.type(
  {
    apiGroup: string(),
    kind: required(string()),
    name: required(string()),
  },
  { mapType: 'atomic', fill: fillRoleRef },
) {}

export class Subject extends rbac.type(
  {
    apiGroup: string(),
    kind: required(string()),
    name: required(string()),
    namespace: string(),
  },
  { mapType: 'atomic', fill: fillSubject },
) {}

export class ClusterRoleBinding extends rbac.object({
  roleRef: required(RoleRef),
  subjects: atomicList(Subject),
}) {}

export const clusterRoleBindings = rbac.resource(ClusterRoleBinding, {
  plural: 'clusterrolebindings',
  namespaced: false,
  columns: bindingColumns,
})
