import { atomicList, required } from '../../../schema/schema.ts'
import { rbac } from '../../group-version.ts'
import { bindingColumns } from './binding.columns.ts'
import { RoleRef, Subject } from './cluster-role-binding.ts'

export class RoleBinding extends rbac.object({
  roleRef: required(RoleRef),
  subjects: atomicList(Subject),
}) {}

export const roleBindings = rbac.resource(RoleBinding, {
  plural: 'rolebindings',
  namespaced: true,
  columns: bindingColumns,
})
