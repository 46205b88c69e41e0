import type { ClusterRole, PolicyRule } from '../../../api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '../../../api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '../../../api/rbac/v1/role.ts'
import type { RoleBinding } from '../../../api/rbac/v1/role-binding.ts'

type Written<T> = Omit<T, 'metadata'> & { readonly metadata: WrittenMeta }
interface WrittenMeta {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** An object of one of the four kinds, as it is given to be created. */
export type RbacObject = Written<ClusterRole> | Written<ClusterRoleBinding> | Written<Role> | Written<RoleBinding>
export type GivenClusterRole = Written<ClusterRole>

const words = (text: string) => text.split(' ')

/** A rule on resources; lists are words with blanks between, the core group is ''. */
export function on(groups: string, resources: string, verbs: string, names?: string): PolicyRule {
  return {
    apiGroups: words(groups),
    resources: words(resources),
    verbs: words(verbs),
    ...(names !== undefined && { resourceNames: words(names) }),
  }
}

/** A rule on paths that are no resources. */
export const onPaths = (urls: string, verbs = 'get'): PolicyRule => ({
  nonResourceURLs: words(urls),
  verbs: words(verbs),
})

export const read = 'get list watch'
export const write = 'create delete deletecollection patch update'
export const readWrite = 'create delete deletecollection get list patch update watch'

/** Events as everybody may tell them. */
export const events = on(' events.k8s.io', 'events', 'create patch update')

const defaults = {
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
} as const
const group = 'rbac.authorization.k8s.io'
const apiVersion = `${group}/v1`

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Readonly<Record<string, string>> = {},
): GivenClusterRole {
  const metadata = { name, labels: { ...defaults.labels, ...labels }, annotations: defaults.annotations }
  return { kind: 'ClusterRole', apiVersion, metadata, rules }
}

/** A ClusterRole that gives what all roles with one of the labels give. */
export function aggregate(
  name: string,
  by: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): GivenClusterRole {
  const clusterRoleSelectors = by.map(label => ({ matchLabels: { [label]: 'true' } }))
  return { ...clusterRole(name, [], labels), aggregationRule: { clusterRoleSelectors } }
}

export function role(namespace: string, name: string, rules: readonly PolicyRule[]): RbacObject {
  return { kind: 'Role', apiVersion, metadata: { ...defaults, name, namespace }, rules }
}

type SubjectText = `${'User' | 'Group'} ${string}` | `ServiceAccount ${string}/${string}`

/** `User name`, `Group name`, `ServiceAccount namespace/name` */
function subject(text: SubjectText) {
  const [kind = '', name = ''] = words(text)
  if (kind !== 'ServiceAccount') return { kind, name, apiGroup: group }
  const [namespace = '', account = ''] = name.split('/')
  return { kind, name: account, namespace }
}

/** Gives a ClusterRole, of the same name unless said, to subjects everywhere. */
export function clusterBinding(name: string, subjects: readonly SubjectText[], roleName = name): RbacObject {
  return {
    kind: 'ClusterRoleBinding',
    apiVersion,
    metadata: { ...defaults, name },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: roleName },
    ...(subjects.length > 0 && { subjects: subjects.map(subject) }),
  }
}

/** Gives a Role of the namespace to subjects. */
export function binding(
  namespace: string,
  name: string,
  subjects: readonly SubjectText[],
  roleName = name,
): RbacObject {
  return {
    kind: 'RoleBinding',
    apiVersion,
    metadata: { ...defaults, name, namespace },
    roleRef: { apiGroup: group, kind: 'Role', name: roleName },
    subjects: subjects.map(subject),
  }
}
