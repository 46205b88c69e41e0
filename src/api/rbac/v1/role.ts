import { atomicList } from '../../../schema/schema.ts'
import { createdAtColumn, nameColumn } from '../../columns.ts'
import { rbac } from '../../group-version.ts'
import { PolicyRule } from './cluster-role.ts'

export class Role extends rbac.object({
  rules: atomicList(PolicyRule),
}) {}

export const roles = rbac.resource(Role, {
  plural: 'roles',
  namespaced: true,
  columns: [nameColumn, createdAtColumn],
})
