import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { endpoints } from '../../src/api/core/v1/endpoints.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { resourceQuotas } from '../../src/api/core/v1/resource-quota.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../../src/api/discovery/v1/endpoint-slice.ts'
import { podDisruptionBudgets } from '../../src/api/policy/v1/pod-disruption-budget.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, pod, workload } from './support/objects.ts'
import { until, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 2 })
})
after(() => cluster.stop())

test('a budget lets go as many pods as may be missing', async () => {
  const { client } = cluster
  await client.create(deployments, workload('web', { replicas: 3 }))
  const spec = { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } }
  await client.create(podDisruptionBudgets, { metadata: { name: 'web', namespace }, spec } as never)
  const budget = await untilOne(client, podDisruptionBudgets, 'web', b => b.status.disruptionsAllowed === 1)
  const { expectedPods, currentHealthy, desiredHealthy, conditions } = budget.status
  assert.deepEqual([expectedPods, currentHealthy, desiredHealthy, conditions?.[0]?.reason], [3, 3, 2, 'SufficientPods'])
  const [first, second] = await until(client, pods, all => {
    const mine = all.filter(p => p.metadata.labels?.app === 'web' && p.status.phase === 'Running')
    return mine.length === 3 && mine
  })
  const evict = (name: string) =>
    client.post(pods, { namespace, name }, 'eviction', {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
    })
  const results = await Promise.allSettled([evict(first!.metadata.name), evict(second!.metadata.name)])
  assert.deepEqual(
    results.map(result => result.status),
    ['fulfilled', 'rejected'],
  )
  // The Deployment replaces it, and the budget has room again.
  await untilOne(
    client,
    podDisruptionBudgets,
    'web',
    b => b.status.disruptionsAllowed === 1 && !Object.keys(b.status.disruptedPods ?? {}).length,
  )
})

test('a quota says how much of it is used', async () => {
  const { client } = cluster
  const hard = { pods: '10', 'requests.memory': '1Gi', 'count/configmaps': '20' }
  await client.create(resourceQuotas, { metadata: { name: 'all', namespace }, spec: { hard } } as never)
  const before = await untilOne(client, resourceQuotas, 'all', q => q.status.used?.pods === '3')
  assert.deepEqual(before.status.hard, hard)
  const containers = [{ name: 'main', image: 'x', resources: { requests: { memory: '512Mi' } } }]
  await client.create(pods, pod('big', { containers }))
  await untilOne(
    client,
    resourceQuotas,
    'all',
    q => q.status.used?.['requests.memory'] === '512Mi' && q.status.used.pods === '4',
  )
  const maps = Number(before.status.used?.['count/configmaps'])
  await client.create(configMaps, { metadata: { name: 'more', namespace } } as never)
  await untilOne(client, resourceQuotas, 'all', q => q.status.used?.['count/configmaps'] === String(maps + 1))
})

test('hand-made Endpoints are mirrored for Services without a selector', async () => {
  const { client } = cluster
  await client.create(services, { metadata: { name: 'hand', namespace }, spec: { ports: [{ port: 80 }] } } as never)
  const subsets = [
    { addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ port: 8080 }] },
  ]
  await client.create(endpoints, { metadata: { name: 'hand', namespace }, subsets } as never)
  const mine = (all: readonly EndpointSlice[]) =>
    all.filter(s => s.metadata.labels?.['kubernetes.io/service-name'] === 'hand')
  const slice = await until(client, endpointSlices, all => mine(all)[0])
  assert.deepEqual(
    slice.endpoints?.map(e => [e.addresses[0], e.conditions?.ready]),
    [
      ['192.0.2.1', true],
      ['192.0.2.2', false],
    ],
  )
  assert.equal(slice.ports?.[0]?.port, 8080)
  await client.patch(
    endpoints,
    { namespace, name: 'hand' },
    { subsets: [{ addresses: [{ ip: '192.0.2.3' }], ports: [{ port: 8080 }] }] },
  )
  await until(client, endpointSlices, all => mine(all)[0]?.endpoints?.[0]?.addresses[0] === '192.0.2.3')
  await client.delete(endpoints, { namespace, name: 'hand' })
  await until(client, endpointSlices, all => mine(all).length === 0)
})
