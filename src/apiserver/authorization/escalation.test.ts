import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import { roleBindings } from '../../api/rbac/v1/role-binding.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Operation } from '../admission.ts'
import { caches } from '../testdata/caches.ts'
import { createAuthorizer } from './authorizer.ts'
import { escalation } from './escalation.ts'
import { clusterBinding, clusterRole, on } from './roles/rule.ts'

const create = (resource: AnyResource, object: object, user: string, namespace?: string): Operation => ({
  operation: 'CREATE',
  resource,
  subresource: '',
  namespace,
  name: '',
  user: { name: user, groups: ['g'] },
  dryRun: false,
  object: object as never,
  oldObject: undefined,
  options: {},
  warn: () => undefined,
})

test('nobody gives rights that they do not have', async () => {
  await using server = await caches(
    clusterRole('reader', [on('', 'pods', 'get list')]),
    clusterBinding('reader', ['User alice']),
    clusterRole('binder', [on('rbac.authorization.k8s.io', 'clusterroles', 'bind', 'reader')]),
    clusterBinding('binder', ['User bob']),
    clusterRole('escalator', [on('rbac.authorization.k8s.io', 'clusterroles', 'escalate')]),
    clusterBinding('escalator', ['User eve']),
  )
  const admission = escalation(server.lister, createAuthorizer(server.lister))
  const role = (rules: readonly object[]) => ({ ...clusterRole('mine', []), rules })
  await admission.validate(create(clusterRoles, role([on('', 'pods', 'get')]), 'alice'))
  await admission.validate(create(clusterRoles, role([on('*', '*', '*')]), 'eve'))
  await assert.rejects(
    async () => admission.validate(create(clusterRoles, role([on('', 'pods secrets', 'get delete')]), 'alice')),
    {
      message:
        'clusterroles.rbac.authorization.k8s.io "mine" is forbidden: user "alice" (groups=["g"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    },
  )
  const binding = {
    kind: 'RoleBinding',
    metadata: { name: 'b', namespace: 'default' },
    roleRef: { kind: 'ClusterRole', name: 'reader' },
    subjects: [{ kind: 'User', name: 'friend' }],
  }
  await admission.validate(create(roleBindings, binding, 'alice', 'default'))
  await admission.validate(create(roleBindings, binding, 'bob', 'default'))
  await assert.rejects(
    async () => admission.validate(create(roleBindings, binding, 'carol', 'default')),
    /not currently held/,
  )
})
