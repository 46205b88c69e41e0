import { namespaces } from '../../api/core/v1/namespace.ts'
import { clusterRoles, type PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import { type ClusterRoleBinding, clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import { roles } from '../../api/rbac/v1/role.ts'
import { roleBindings } from '../../api/rbac/v1/role-binding.ts'
import type { Client } from '../../client/client.ts'
import { isAlreadyExists, isConflict } from '../../machinery/status-error.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Lister } from '../lister.ts'
import { covers } from './covers.ts'
import { roleKinds } from './grants.ts'
import type { RbacObject } from './roles/rule.ts'

const resourceOf: Readonly<Record<string, AnyResource>> = {
  ClusterRole: clusterRoles,
  ClusterRoleBinding: clusterRoleBindings,
  Role: roles,
  RoleBinding: roleBindings,
}
const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'

/** Any of the four kinds, looked at for what may be missing from it. */
interface Stored {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly rules?: readonly PolicyRule[]
  readonly aggregationRule?: unknown
  readonly subjects?: ClusterRoleBinding['subjects']
  readonly roleRef?: ClusterRoleBinding['roleRef']
}

/**
 * Makes the default roles and bindings be there, as when a server starts: creates what is missing, adds rules and
 * subjects that later versions brought, keeps what people added. Objects annotated with autoupdate "false" are left alone.
 */
export async function ensureDefaultRoles(client: Client, lister: Lister): Promise<void> {
  const loading = lister.ready([...roleKinds, namespaces])
  if (loading) await loading
  const { defaultRoles } = await import('./default-roles.ts')
  const wanted = defaultRoles.filter(object => lacking(lister, object) !== undefined)
  if (wanted.length === 0) return
  const places = new Set(wanted.flatMap(({ metadata }) => metadata.namespace ?? []))
  await Promise.all([...places].map(place => ensureNamespace(client, lister, place)))
  await Promise.all(wanted.map(object => ensure(client, lister, object)))
}

async function ensureNamespace(client: Client, lister: Lister, name: string): Promise<void> {
  if (lister.get(namespaces, name)) return
  await client.create(namespaces, { metadata: { name } }).catch(unlessThere)
}

function unlessThere(error: unknown): void {
  if (!isAlreadyExists(error) && !isConflict(error)) throw error
}

const current = (lister: Lister, { kind, metadata }: RbacObject) =>
  lister.get(resourceOf[kind]!, metadata.name, metadata.namespace) as Stored | undefined

/** What to write: the object whole, or the stored one with what it lacks. Undefined: nothing. */
function lacking(lister: Lister, object: RbacObject): { update?: object; replace?: boolean } | undefined {
  const held = current(lister, object)
  if (!held) return {}
  if (held.metadata.annotations?.[autoupdate] === 'false') return undefined
  if ('roleRef' in object) {
    const { roleRef } = object
    if (held.roleRef?.name !== roleRef.name || held.roleRef.kind !== roleRef.kind) return { replace: true }
    const missing = (object.subjects ?? []).filter(one => !held.subjects?.some(other => sameSubject(one, other)))
    return missing.length > 0 ? { update: { ...held, subjects: [...(held.subjects ?? []), ...missing] } } : undefined
  }
  if ('aggregationRule' in object) {
    return held.aggregationRule ? undefined : { update: { ...held, aggregationRule: object.aggregationRule } }
  }
  if (JSON.stringify(held.rules) === JSON.stringify(object.rules)) return undefined
  const missing = (object.rules ?? []).filter(rule => !covers(held.rules ?? [], rule))
  return missing.length > 0 ? { update: { ...held, rules: [...(held.rules ?? []), ...missing] } } : undefined
}

function sameSubject(a: object, b: object): boolean {
  const text = ({ kind, name, namespace = '' }: { kind?: string; name?: string; namespace?: string }) =>
    `${kind} ${namespace}/${name}`
  return text(a) === text(b)
}

async function ensure(client: Client, lister: Lister, object: RbacObject): Promise<void> {
  const resource = resourceOf[object.kind]!
  const todo = lacking(lister, object)
  if (!todo) return
  if (todo.update) {
    await client.update(resource, todo.update as never).catch(unlessThere)
    return
  }
  // A binding's role cannot be changed.
  if (todo.replace) await client.delete(resource, object.metadata)
  await client.create(resource, object as never).catch(unlessThere)
}
