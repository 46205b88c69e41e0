import type { ClusterRoleBinding, Subject } from '../../api/rbac/v1/cluster-role-binding.ts'
import type { RoleBinding } from '../../api/rbac/v1/role-binding.ts'
import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../machinery/field-error.ts'
import { dnsSubdomain, pathSegment } from '../../machinery/names.ts'
import { deepEqual } from '../cache/json.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each, named, none } from '../validation/rules.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

/** Subjects and a role, which stays. */
export const roleBindingStrategy: Strategy<RoleBinding> = {
  name: 'path',
  validate: binding => validateBinding(binding, ['Role', 'ClusterRole'], true),
  validateUpdate: validateSameRole,
}

/** Subjects and a cluster role, which stays. */
export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = {
  name: 'path',
  validate: binding => validateBinding(binding, ['ClusterRole'], false),
  validateUpdate: validateSameRole,
}

type Binding = RoleBinding | ClusterRoleBinding

function validateSameRole(binding: Binding, old: Binding): Errors {
  if (deepEqual(binding.roleRef, old.roleRef)) return none
  return [fieldInvalid('roleRef', binding.roleRef, 'cannot change roleRef')]
}

function validateBinding({ roleRef, subjects }: Binding, kinds: readonly string[], namespaced: boolean): Errors {
  const errors: FieldError[] = []
  if (roleRef) {
    const { apiGroup, kind, name } = roleRef
    if (apiGroup !== rbacGroup) errors.push(fieldNotSupported('roleRef.apiGroup', apiGroup, [rbacGroup]))
    if (!kinds.includes(kind)) errors.push(fieldNotSupported('roleRef.kind', kind, kinds))
    errors.push(...named(name || undefined, 'roleRef.name', pathSegment))
  }
  return [...errors, ...each(subjects, 'subjects', (subject, at) => validateSubject(subject, at, namespaced))]
}

function validateSubject({ kind, name, namespace, apiGroup = '' }: Subject, path: string, namespaced: boolean): Errors {
  if (kind === 'ServiceAccount') {
    const errors: FieldError[] = [...named(name || undefined, `${path}.name`, dnsSubdomain)]
    if (apiGroup !== '') errors.push(fieldNotSupported(`${path}.apiGroup`, apiGroup, ['']))
    if (!namespaced && !namespace) errors.push(fieldRequired(`${path}.namespace`))
    return errors
  }
  if (kind !== 'User' && kind !== 'Group') {
    return kind ? [fieldNotSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])] : none
  }
  return apiGroup === rbacGroup ? none : [fieldNotSupported(`${path}.apiGroup`, apiGroup, [rbacGroup])]
}
