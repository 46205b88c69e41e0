import { type ClusterRole, clusterRoles, type PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import { type ClusterRoleBinding, clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import { roles } from '../../api/rbac/v1/role.ts'
import { type RoleBinding, roleBindings } from '../../api/rbac/v1/role-binding.ts'
import type { Lister } from '../lister.ts'
import type { User } from '../user.ts'
import { effectiveRules } from './aggregation.ts'
import { describeSubject, keysOf, subjectKeys } from './subjects.ts'

/** What authorization by roles reads. */
export const roleKinds = [clusterRoles, clusterRoleBindings, roles, roleBindings] as const

/** Rules that someone holds through one binding. */
export interface Grant {
  readonly rules: readonly PolicyRule[]
  /** Through which binding of which role, in words; for a role that is not there, what is missing. */
  readonly by: string
  readonly missing?: boolean
}

/** Finds out which rules someone holds. */
export interface Grants {
  cluster(user: User): Grant[]
  /** Only those that hold in the namespace alone. */
  namespaced(user: User, namespace: string): Grant[]
  /** The rules of the role that a binding in a namespace ('' for none) refers to; undefined when it is not there. */
  rulesOf(ref: { readonly kind: string; readonly name: string }, namespace: string): readonly PolicyRule[] | undefined
  /** Forgets what was computed from roles. */
  forget(): void
}

/** Grants as the bindings in the caches give them. */
export function grantsFrom(lister: Lister): Grants {
  const aggregated = new Map<string, readonly PolicyRule[]>()
  let all: readonly ClusterRole[] | undefined

  function clusterRole(name: string): readonly PolicyRule[] | undefined {
    const role = lister.get(clusterRoles, name)
    if (!role?.aggregationRule) return role && (role.rules ?? [])
    let rules = aggregated.get(name)
    if (!rules) {
      all ??= lister.list(clusterRoles)
      aggregated.set(name, (rules = effectiveRules(role, all)))
    }
    return rules
  }
  function rulesOf(ref: { kind: string; name: string }, namespace: string) {
    if (ref.kind === 'ClusterRole') return clusterRole(ref.name)
    const role = namespace ? lister.get(roles, ref.name, namespace) : undefined
    return role && (role.rules ?? [])
  }
  function grant(binding: ClusterRoleBinding | RoleBinding, key: string): Grant {
    const { roleRef, metadata } = binding
    const rules = rulesOf(roleRef, metadata.namespace ?? '')
    const role = JSON.stringify(roleRef.name)
    if (!rules) {
      const by = `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${role} not found`
      return { rules: [], by, missing: true }
    }
    const name = metadata.namespace ? `${metadata.name}/${metadata.namespace}` : metadata.name
    const kind = metadata.namespace ? 'RoleBinding' : 'ClusterRoleBinding'
    return {
      rules,
      by: `${kind} ${JSON.stringify(name)} of ${roleRef.kind} ${role} to ${describeSubject(binding, key)}`,
    }
  }
  const inNamespace = (binding: RoleBinding) => subjectKeys(binding).map(key => `${binding.metadata.namespace}/${key}`)

  return {
    cluster: user =>
      keysOf(user).flatMap(key =>
        lister.having(clusterRoleBindings, 'rbac-subject', subjectKeys, key).map(binding => grant(binding, key)),
      ),
    namespaced: (user, namespace) =>
      keysOf(user).flatMap(key =>
        lister
          .having(roleBindings, 'rbac-subject', inNamespace, `${namespace}/${key}`)
          .map(binding => grant(binding, key)),
      ),
    rulesOf,
    forget() {
      aggregated.clear()
      all = undefined
    },
  }
}
