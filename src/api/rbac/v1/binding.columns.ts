import type { Column } from '../../../schema/resource.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import type { RoleRef, Subject } from './cluster-role-binding.ts'

interface Binding {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string | undefined }
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[] | undefined
}

const subjects = (kind: string) => (binding: Binding) =>
  (binding.subjects ?? [])
    .filter(subject => subject.kind === kind)
    .map(({ namespace, name }) => (namespace ? `${namespace}/${name}` : name))
    .join(', ')

/** Of RoleBindings and ClusterRoleBindings. */
export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  text('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
]
