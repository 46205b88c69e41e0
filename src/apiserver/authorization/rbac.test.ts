import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../authorizer.ts'
import { caches } from '../testdata/caches.ts'
import type { User } from '../user.ts'
import { createAuthorizer } from './authorizer.ts'
import { defaultRoles } from './default-roles.ts'
import { clusterBinding, clusterRole, on, onPaths } from './roles/rule.ts'

const alice: User = { name: 'alice', groups: ['devs', 'system:authenticated'] }
const group = 'rbac.authorization.k8s.io'
const binding = (namespace: string, name: string, kind: string, role: string, subjects: readonly object[]) => ({
  kind: 'RoleBinding',
  apiVersion: `${group}/v1`,
  metadata: { name, namespace },
  roleRef: { apiGroup: group, kind, name: role },
  subjects,
})
const want = (user: User, verb: string, resource: string, more: Partial<Attributes> = {}): Attributes => {
  const [plural = '', subresource = ''] = resource.split('/')
  return { user, verb, path: '', group: '', version: 'v1', resource: plural, subresource, ...more }
}

test('authorize() follows bindings of users, groups and service accounts, in namespaces and everywhere', async () => {
  await using server = await caches(
    clusterRole('reader', [
      on('', 'pods pods/log', 'get list'),
      on('apps', '*/scale', 'update'),
      onPaths('/metrics/*'),
    ]),
    clusterRole('one', [on('', 'secrets', 'get', 'tls')]),
    binding('shop', 'read', 'ClusterRole', 'reader', [{ kind: 'Group', name: 'devs' }]),
    binding('shop', 'bot', 'ClusterRole', 'one', [{ kind: 'ServiceAccount', name: 'bot' }]),
    clusterBinding('metrics', ['User bob'], 'reader'),
  )
  const authorizer = createAuthorizer(server.lister)
  const allowed = async (attributes: Attributes) => (await authorizer.authorize(attributes)).allowed
  const bob: User = { name: 'bob', groups: [] }
  const bot: User = { name: 'system:serviceaccount:shop:bot', groups: [] }
  const cases: readonly [boolean, Attributes][] = [
    [true, want(alice, 'list', 'pods', { namespace: 'shop' })],
    [false, want(alice, 'list', 'pods', { namespace: 'other' })],
    [false, want(alice, 'list', 'pods')],
    [true, want(alice, 'get', 'pods/log', { namespace: 'shop', name: 'a' })],
    [false, want(alice, 'create', 'pods/exec', { namespace: 'shop', name: 'a' })],
    [true, want(alice, 'update', 'deployments/scale', { namespace: 'shop', group: 'apps' })],
    [false, want(alice, 'update', 'deployments', { namespace: 'shop', group: 'apps' })],
    [true, want(bob, 'list', 'pods')],
    [true, want(bob, 'list', 'pods', { namespace: 'any' })],
    [true, { user: bob, verb: 'get', path: '/metrics/slis' }],
    [false, { user: bob, verb: 'get', path: '/metrics' }],
    [false, { user: alice, verb: 'get', path: '/metrics/slis' }],
    [true, want(bot, 'get', 'secrets', { namespace: 'shop', name: 'tls' })],
    [false, want(bot, 'get', 'secrets', { namespace: 'shop', name: 'other' })],
    [false, want(bot, 'list', 'secrets', { namespace: 'shop' })],
    [true, want({ name: 'root', groups: ['system:masters'] }, 'delete', 'nodes')],
  ]
  for (const [expected, attributes] of cases) {
    assert.equal(await allowed(attributes), expected, JSON.stringify(attributes))
    assert.equal(await allowed(attributes), expected, 'the same once more, remembered')
  }
  const { reason } = await authorizer.authorize(want(alice, 'list', 'pods', { namespace: 'shop' }))
  assert.equal(reason, 'RBAC: allowed by RoleBinding "read/shop" of ClusterRole "reader" to Group "devs"')
})

test('authorize() sees changes at once, and tells about roles that are missing', async () => {
  await using server = await caches(binding('shop', 'read', 'Role', 'gone', [{ kind: 'User', name: 'alice' }]))
  const authorizer = createAuthorizer(server.lister)
  const attributes = want(alice, 'list', 'pods', { namespace: 'shop' })
  assert.deepEqual(await authorizer.authorize(attributes), {
    allowed: false,
    reason: 'RBAC: role.rbac.authorization.k8s.io "gone" not found',
  })
  const role = {
    kind: 'Role',
    apiVersion: `${group}/v1`,
    metadata: { name: 'gone', namespace: 'shop' },
    rules: [on('', 'pods', 'list')],
  }
  await server.put(role)
  assert.equal((await authorizer.authorize(attributes)).allowed, true)
  await server.remove(role)
  assert.equal((await authorizer.authorize(attributes)).allowed, false)
})

test('strange attributes of reviews do not open what paths are for', async () => {
  await using server = await caches(clusterRole('paths', [onPaths('*', '*')]), clusterBinding('paths', ['User alice']))
  const authorizer = createAuthorizer(server.lister)
  assert.equal((await authorizer.authorize({ user: alice, verb: 'get', path: ' secrets  kube-system' })).allowed, true)
  const secrets = want(alice, 'get', 'secrets', { namespace: 'kube-system' })
  assert.equal((await authorizer.authorize(secrets)).allowed, false)
})

test('the default roles let everybody do what they should, and no more', async () => {
  const labelled = {
    ...clusterRole('crd-view', [on('example.com', 'boats', 'get list')]),
    metadata: { name: 'crd-view', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
  }
  await using server = await caches(
    ...defaultRoles,
    labelled,
    binding('shop', 'edit', 'ClusterRole', 'edit', [{ kind: 'User', name: 'alice' }]),
  )
  const authorizer = createAuthorizer(server.lister)
  const allowed = async (attributes: Attributes) => (await authorizer.authorize(attributes)).allowed
  const nobody: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
  assert.equal(await allowed({ user: nobody, verb: 'get', path: '/healthz' }), true)
  assert.equal(await allowed({ user: nobody, verb: 'get', path: '/api' }), false)
  assert.equal(await allowed({ user: alice, verb: 'get', path: '/apis/apps/v1' }), true)
  assert.equal(await allowed(want(alice, 'create', 'pods/exec', { namespace: 'shop' })), true)
  assert.equal(await allowed(want(alice, 'get', 'boats', { namespace: 'shop', group: 'example.com' })), true)
  assert.equal(await allowed(want(alice, 'create', 'rolebindings', { namespace: 'shop', group })), false)
  const admin: User = { name: 'kubernetes-admin', groups: ['kubeadm:cluster-admins', 'system:authenticated'] }
  assert.equal(await allowed(want(admin, 'delete', 'nodes')), true)
  const scheduler: User = { name: 'system:kube-scheduler', groups: ['system:authenticated'] }
  assert.equal(await allowed(want(scheduler, 'create', 'pods/binding', { namespace: 'shop' })), true)
  assert.equal(await allowed(want(scheduler, 'get', 'secrets', { namespace: 'shop' })), false)
  const rules = await authorizer.rules!(alice, 'shop')
  assert.equal(rules.incomplete, false)
  assert.ok(rules.resourceRules.some(rule => rule.resources?.includes('pods/exec')))
})
