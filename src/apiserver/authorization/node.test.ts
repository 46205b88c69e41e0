import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../authorizer.ts'
import { caches } from '../testdata/caches.ts'
import { createAuthorizer } from './authorizer.ts'

const user = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }
const pod = (name: string, nodeName: string, secret: string) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default', uid: name },
  spec: {
    nodeName,
    serviceAccountName: `account-of-${name}`,
    containers: [{ name: 'c', envFrom: [{ configMapRef: { name: `env-of-${name}` } }] }],
    volumes: [
      { name: 's', secret: { secretName: secret } },
      { name: 'd', persistentVolumeClaim: { claimName: `claim-of-${name}` } },
    ],
  },
})
const about = (verb: string, resource: string, name?: string, namespace = 'default'): Attributes => {
  const [plural = '', subresource = ''] = resource.split('/')
  const base = { user, verb, path: '', group: '', version: 'v1', resource: plural, subresource, namespace }
  return name === undefined ? base : { ...base, name }
}

test('kubelets read what their own pods refer to, and nothing else', async () => {
  await using server = await caches(pod('mine', 'n1', 'ours'), pod('other', 'n2', 'theirs'), {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    metadata: { name: 'disk' },
    spec: { claimRef: { namespace: 'default', name: 'claim-of-mine' } },
  })
  const authorizer = createAuthorizer(server.lister)
  const allowed = async (attributes: Attributes) => (await authorizer.authorize(attributes)).allowed
  const lease = { group: 'coordination.k8s.io', namespace: 'kube-node-lease' }
  const cases: readonly [boolean, Attributes][] = [
    [true, about('get', 'secrets', 'ours')],
    [true, about('watch', 'secrets', 'ours')],
    [false, about('get', 'secrets', 'theirs')],
    [false, about('list', 'secrets')],
    [false, about('update', 'secrets', 'ours')],
    [false, about('get', 'secrets', 'ours', 'kube-system')],
    [true, about('get', 'configmaps', 'env-of-mine')],
    [false, about('get', 'configmaps', 'env-of-other')],
    [true, about('get', 'persistentvolumeclaims', 'claim-of-mine')],
    [true, { ...about('get', 'persistentvolumes', 'disk'), namespace: '' }],
    [true, about('create', 'serviceaccounts/token', 'account-of-mine')],
    [false, about('create', 'serviceaccounts/token', 'account-of-other')],
    [true, about('patch', 'pods/status', 'mine')],
    [true, about('get', 'pods', 'mine')],
    [false, about('get', 'pods', 'other')],
    [false, about('list', 'pods')],
    [true, { ...about('list', 'pods'), fieldSelector: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] }],
    [true, { ...about('update', 'leases', 'n1'), ...lease }],
    [false, { ...about('update', 'leases', 'n2'), ...lease }],
    [true, about('get', 'nodes', 'n1')],
    [false, about('get', 'nodes', 'n2')],
    [true, about('list', 'services')],
    [false, about('delete', 'services', 'x')],
  ]
  for (const [expected, attributes] of cases)
    assert.equal(await allowed(attributes), expected, JSON.stringify(attributes))
  const { reason } = await authorizer.authorize(about('get', 'secrets', 'theirs'))
  assert.equal(reason, "no relationship found between node 'n1' and this object")
  await server.remove(pod('mine', 'n1', 'ours'))
  assert.equal(await allowed(about('get', 'secrets', 'ours')), false)
})
