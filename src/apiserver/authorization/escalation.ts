import type { ClusterRole, PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import { clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '../../api/rbac/v1/cluster-role-binding.ts'
import { forbidden } from '../../machinery/status-error.ts'
import type { Admission, Operation } from '../admission.ts'
import type { Authorizer } from '../authorizer.ts'
import { deepEqual } from '../cache/json.ts'
import type { Lister } from '../lister.ts'
import { effectiveRules } from './aggregation.ts'
import { compactRules, ruleText, uncovered } from './covers.ts'
import { grantsFrom, roleKinds } from './grants.ts'

const group = 'rbac.authorization.k8s.io'
const rolePlurals = new Set(['roles', 'clusterroles'])
const bindingPlurals = new Set(['rolebindings', 'clusterrolebindings'])

/**
 * Nobody gives rights they do not have: who writes a role must hold all its rules or may `escalate`, who writes a
 * binding must hold the role's rules or may `bind` it.
 */
export function escalation(lister: Lister, authorizer: Authorizer): Admission {
  return {
    mutate: () => undefined,
    async validate(operation) {
      const { resource, subresource, object } = operation
      if (resource.group !== group || subresource || !object || operation.operation === 'DELETE') return
      if (operation.user.groups.includes('system:masters')) return
      const loading = lister.ready(roleKinds)
      if (loading) await loading
      if (rolePlurals.has(resource.plural)) await checkRole(lister, authorizer, operation)
      if (bindingPlurals.has(resource.plural)) await checkBinding(lister, authorizer, operation)
    },
  }
}

async function checkRole(lister: Lister, authorizer: Authorizer, operation: Operation): Promise<void> {
  const role = operation.object as unknown as ClusterRole
  const old = operation.oldObject as ClusterRole | undefined
  if (old && deepEqual(old.rules, role.rules) && deepEqual(old.aggregationRule, role.aggregationRule)) return
  if (await may(authorizer, operation, 'escalate', operation.resource.plural, operation.name)) return
  // What an aggregating role will give is decided by labels: who can choose those holds nothing less than everything.
  const rules = role.aggregationRule ? everything : (role.rules ?? [])
  demandHeld(lister, operation, rules)
  if (role.aggregationRule) demandHeld(lister, operation, effectiveRules(role, lister.list(clusterRoles)))
}

const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

async function checkBinding(lister: Lister, authorizer: Authorizer, operation: Operation): Promise<void> {
  const binding = operation.object as unknown as ClusterRoleBinding
  const old = operation.oldObject as ClusterRoleBinding | undefined
  if (old && deepEqual(old.roleRef, binding.roleRef) && deepEqual(old.subjects, binding.subjects)) return
  const { kind, name } = binding.roleRef
  if (await may(authorizer, operation, 'bind', kind === 'ClusterRole' ? 'clusterroles' : 'roles', name)) return
  const rules = grantsFrom(lister).rulesOf(binding.roleRef, operation.namespace ?? '')
  if (!rules) {
    const missing = `${kind.toLowerCase()}s.${group} ${JSON.stringify(name)} not found`
    throw refused(operation, missing)
  }
  demandHeld(lister, operation, rules)
}

async function may(authorizer: Authorizer, operation: Operation, verb: string, resource: string, name: string) {
  const { user, namespace } = operation
  const attributes = { user, verb, path: '', group, version: 'v1', resource, name }
  const decision = await authorizer.authorize(namespace === undefined ? attributes : { ...attributes, namespace })
  return decision.allowed
}

function demandHeld(lister: Lister, operation: Operation, rules: readonly PolicyRule[]): void {
  const { user, namespace } = operation
  const grants = grantsFrom(lister)
  const all = [...grants.cluster(user), ...(namespace === undefined ? [] : grants.namespaced(user, namespace))]
  const held = all.flatMap(grant => grant.rules)
  const missing = compactRules(rules.flatMap(rule => uncovered(held, rule)))
  if (missing.length === 0) return
  const groups = user.groups.map(one => JSON.stringify(one)).join(' ')
  const unresolved = all.filter(grant => grant.missing).map(grant => grant.by)
  const errors = unresolved.length > 0 ? `; resolution errors: [${unresolved.join(', ')}]` : ''
  const text = missing.map(ruleText).sort().join('\n')
  throw refused(
    operation,
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${text}${errors}`,
  )
}

function refused({ resource, object, name }: Operation, why: string) {
  return forbidden({ group, resource: resource.plural, name: name || (object?.metadata.name ?? '') }, why)
}
