import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../src/api/apps/v1/replica-set.ts'
import { type ConfigMap, configMaps } from '../../src/api/core/v1/config-map.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { serviceAccounts } from '../../src/api/core/v1/service-account.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, workload } from './support/objects.ts'
import { until, untilGone, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 1 })
})
after(() => cluster.stop())

type Reference = NonNullable<ConfigMap['metadata']['ownerReferences']>[0]
const reference = ({ metadata }: ConfigMap, more: Partial<Reference> = {}): Reference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: metadata.name,
  uid: metadata.uid,
  ...more,
})
const make = (name: string, ownerReferences: readonly Reference[] = [], more: object = {}) =>
  cluster.client.create(configMaps, { metadata: { name, namespace, ownerReferences, ...more } } as never)
const gone = (name: string) => untilGone(cluster.client, configMaps, name)
const remove = (name: string, propagationPolicy?: 'Foreground' | 'Background' | 'Orphan') =>
  cluster.client.delete(configMaps, { namespace, name }, propagationPolicy && { propagationPolicy })

test('dependents go after their owner, over kinds and generations', async () => {
  const { client } = cluster
  await client.create(deployments, workload('chain', { replicas: 2 }))
  await untilOne(client, deployments, 'chain', d => d.status.readyReplicas === 2)
  await client.delete(deployments, { namespace, name: 'chain' })
  await until(client, replicaSets, all => all.length === 0)
  await until(client, pods, all => all.length === 0)
})

test('a foreground deletion waits for dependents that block it, and only for those', async () => {
  const owner = await make('owner')
  await make('blocking', [reference(owner, { blockOwnerDeletion: true })], { finalizers: ['example.com/slow'] })
  await make('free', [reference(owner)])
  await remove('owner', 'Foreground')
  const { client } = cluster
  await untilOne(client, configMaps, 'blocking', map => map.metadata.deletionTimestamp)
  await untilOne(client, configMaps, 'owner', map => map.metadata.finalizers?.includes('foregroundDeletion'))
  await client.patch(configMaps, { namespace, name: 'blocking' }, { metadata: { finalizers: null } })
  await gone('owner')
  await gone('free')
})

test('a foreground deletion of a Deployment takes everything along', async () => {
  const { client } = cluster
  await client.create(deployments, workload('front', { replicas: 2 }))
  await untilOne(client, deployments, 'front', d => d.status.readyReplicas === 2)
  await client.delete(deployments, { namespace, name: 'front' }, { propagationPolicy: 'Foreground' })
  await untilGone(client, deployments, 'front')
  assert.deepEqual((await client.list(pods, { namespace })).items, [])
})

test('orphans stay, without the reference', async () => {
  const owner = await make('parent')
  await make('orphan', [reference(owner)])
  await remove('parent', 'Orphan')
  await gone('parent')
  const { metadata } = await untilOne(cluster.client, configMaps, 'orphan', m => !m.metadata.ownerReferences?.length)
  assert.equal(metadata.deletionTimestamp, undefined)
})

test('an object whose owner never was, or was another one of that name, goes', async () => {
  const owner = await make('real')
  await make('lost', [reference(owner, { name: 'never' })])
  await make('mistaken', [reference(owner, { uid: '00000000-0000-0000-0000-000000000000' })])
  await gone('lost')
  await gone('mistaken')
})

test('an object with another owner left stays, and loses the reference to the one that went', async () => {
  const [first, second] = [await make('first'), await make('second')]
  await make('shared', [reference(first), reference(second)])
  await remove('first')
  const { metadata } = await untilOne(
    cluster.client,
    configMaps,
    'shared',
    m => m.metadata.ownerReferences?.length === 1,
  )
  assert.equal(metadata.ownerReferences?.[0]?.name, 'second')
  await remove('second')
  await gone('shared')
})

test('a reference that cannot be followed keeps the object', async () => {
  const { client } = cluster
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
  await client.create(nodes, { metadata: { name: 'kept', ownerReferences: [owner] } } as never)
  const custom = await make('custom', [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'y' }])
  await make('later', [reference(custom, { uid: 'z' })])
  await gone('later')
  assert.equal((await client.get(nodes, { name: 'kept' })).metadata.deletionTimestamp, undefined)
  assert.equal((await client.get(configMaps, custom.metadata)).metadata.deletionTimestamp, undefined)
})

test('a namespace comes with its account and authority, and goes with all that it holds', async () => {
  const { client } = cluster
  await client.create(namespaces, { metadata: { name: 'brief' } })
  await until(client, serviceAccounts, all =>
    all.some(a => a.metadata.namespace === 'brief' && a.metadata.name === 'default'),
  )
  const ca = await until(client, configMaps, all => all.find(m => m.metadata.namespace === 'brief'))
  assert.deepEqual([ca.metadata.name, ca.data?.['ca.crt']], ['kube-root-ca.crt', cluster.ca])
  await client.create(secrets, {
    metadata: { name: 's', namespace: 'brief', finalizers: ['example.com/slow'] },
  } as never)
  const { metadata, spec } = workload('inside', { replicas: 2 }) as { metadata: object; spec: object }
  await client.create(deployments, { metadata: { ...metadata, namespace: 'brief' }, spec } as never)
  await until(
    client,
    pods,
    all => all.filter(p => p.metadata.namespace === 'brief' && p.status.phase === 'Running').length === 2,
  )
  await client.delete(namespaces, { name: 'brief' })
  const stuck = await untilOne(client, namespaces, 'brief', n =>
    n.status.conditions?.some(c => c.message === 'Some resources are remaining: secrets. has 1 resource instances'),
  )
  assert.equal(
    stuck.status.conditions?.find(c => c.type === 'NamespaceFinalizersRemaining')?.message,
    'Some content in the namespace has finalizers remaining: example.com/slow in 1 resource instances',
  )
  await client.patch(secrets, { namespace: 'brief', name: 's' }, { metadata: { finalizers: null } })
  await untilGone(client, namespaces, 'brief')
  assert.deepEqual((await client.list(pods, { namespace: 'brief' })).items, [])
})

test('a deleted default account and a changed authority come back', async () => {
  const { client } = cluster
  const old = await untilOne(client, serviceAccounts, 'default', a => a.metadata.namespace === namespace)
  await client.delete(serviceAccounts, { namespace, name: 'default' })
  await until(client, serviceAccounts, all =>
    all.some(a => a.metadata.namespace === namespace && a.metadata.uid !== old.metadata.uid),
  )
  await client.patch(configMaps, { namespace, name: 'kube-root-ca.crt' }, { data: { 'ca.crt': 'forged' } })
  await until(client, configMaps, all =>
    all.some(m => m.metadata.namespace === namespace && m.data?.['ca.crt'] === cluster.ca),
  )
})
