import type { ClusterRoleBinding } from '../../api/rbac/v1/cluster-role-binding.ts'
import type { RoleBinding } from '../../api/rbac/v1/role-binding.ts'
import type { User } from '../user.ts'

type Subject = NonNullable<ClusterRoleBinding['subjects']>[number]

const userKey = (name: string) => `User:${name}`
const groupKey = (name: string) => `Group:${name}`

/** The name that a service account has as a user. */
export const serviceAccountUser = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`

function keyOf(subject: Subject, namespace: string): readonly string[] {
  if (subject.kind === 'User') return [userKey(subject.name)]
  if (subject.kind === 'Group') return [groupKey(subject.name)]
  const where = subject.namespace || namespace
  return subject.kind === 'ServiceAccount' && where ? [userKey(serviceAccountUser(where, subject.name))] : []
}

/** The keys of those to whom a binding gives a role; to be found by the keys of a user. */
export function subjectKeys({ subjects, metadata }: ClusterRoleBinding | RoleBinding): string[] {
  return (subjects ?? []).flatMap(subject => keyOf(subject, metadata.namespace ?? ''))
}

/** The keys under which bindings may name a user. */
export function keysOf(user: User): string[] {
  return [userKey(user.name), ...user.groups.map(groupKey)]
}

/** Whom of a binding's subjects a user's key stands for, in words. */
export function describeSubject(binding: ClusterRoleBinding | RoleBinding, key: string): string {
  const namespace = binding.metadata.namespace ?? ''
  const subject = (binding.subjects ?? []).find(one => keyOf(one, namespace).includes(key))
  if (!subject) return ''
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${JSON.stringify(subject.name)}`
  return `ServiceAccount ${JSON.stringify(`${subject.name}/${subject.namespace || namespace}`)}`
}
