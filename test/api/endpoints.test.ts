import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { replicaSets } from '../../src/api/apps/v1/replica-set.ts'
import { endpoints } from '../../src/api/core/v1/endpoints.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../../src/api/discovery/v1/endpoint-slice.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, pod, template, workload } from './support/objects.ts'
import { until, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 2 })
})
after(() => cluster.stop())

const of = (name: string) => (slice: EndpointSlice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name
const serve = (name: string, spec: object = {}) =>
  cluster.client.create(services, {
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
  } as never)
const slices = <T>(name: string, look: (mine: readonly EndpointSlice[]) => T | undefined | false) =>
  until(cluster.client, endpointSlices, all => look(all.filter(of(name))))
const ready = (mine: readonly EndpointSlice[]) => mine.flatMap(s => s.endpoints ?? []).filter(e => e.conditions?.ready)
const setReady = (name: string, status: string) =>
  cluster.client.patch(
    pods,
    { namespace, name },
    { status: { conditions: [{ type: 'Ready', status }] } },
    { subresource: 'status', type: 'strategic' },
  )

test('a Service has the addresses of its ready pods', async () => {
  const { client } = cluster
  await serve('web', { ports: [{ name: 'http', port: 80, targetPort: 'web' }] })
  await slices('web', mine => mine.length === 1 && mine[0]!.endpoints?.length === 0)
  const containers = [{ name: 'main', image: 'x', ports: [{ name: 'web', containerPort: 8080 }] }]
  await client.create(pods, pod('web-1', { containers, hostname: 'one', subdomain: 'web' }, { app: 'web' }))
  const [slice] = await slices('web', mine => ready(mine).length === 1 && mine)
  const { status, spec, metadata } = await client.get(pods, { namespace, name: 'web-1' })
  assert.deepEqual(slice!.endpoints, [
    {
      addresses: [status.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      hostname: 'one',
      nodeName: spec.nodeName,
      targetRef: { kind: 'Pod', namespace, name: 'web-1', uid: metadata.uid },
    },
  ])
  assert.deepEqual(slice!.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
  const { subsets } = await untilOne(client, endpoints, 'web', e => e.subsets?.length)
  assert.deepEqual(subsets?.[0]?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
  assert.equal(subsets?.[0]?.addresses?.[0]?.ip, status.podIP)
  await setReady('web-1', 'False')
  await slices('web', mine => mine[0]?.endpoints?.[0]?.conditions?.ready === false)
  await untilOne(
    client,
    endpoints,
    'web',
    e => e.subsets?.[0]?.notReadyAddresses?.length === 1 && !e.subsets[0].addresses,
  )
})

test('what did not change is not written again', async () => {
  const { client } = cluster
  const before = [await slices('web', mine => mine[0]), await untilOne(client, endpoints, 'web')]
  await client.patch(services, { namespace, name: 'web' }, { metadata: { annotations: { touched: 'yes' } } })
  await client.create(pods, pod('other', {}, { app: 'other' }))
  await serve('other')
  await slices('other', mine => ready(mine).length === 1)
  const after = [await slices('web', mine => mine[0]), await untilOne(client, endpoints, 'web')]
  assert.deepEqual(
    after.map(o => o.metadata.resourceVersion),
    before.map(o => o.metadata.resourceVersion),
  )
})

test('a pod that ends serves until it is gone, but is not ready', async () => {
  const { client } = cluster
  await serve('ending')
  await client.create(pods, {
    metadata: { name: 'ending', namespace, labels: { app: 'ending' }, finalizers: ['example.com/slow'] },
    spec: template('ending').spec,
  } as never)
  await slices('ending', mine => ready(mine).length === 1)
  await client.delete(pods, { namespace, name: 'ending' })
  const { conditions } = await slices('ending', mine => mine[0]?.endpoints?.find(e => e.conditions?.terminating))
  assert.deepEqual(conditions, { ready: false, serving: true, terminating: true })
  await client.patch(pods, { namespace, name: 'ending' }, { metadata: { finalizers: null } })
  await slices('ending', mine => mine[0]?.endpoints?.length === 0)
})

test('a Service may publish addresses that are not ready', async () => {
  await serve('early', { clusterIP: 'None', publishNotReadyAddresses: true })
  await cluster.client.create(pods, pod('early', {}, { app: 'early' }))
  await slices('early', mine => ready(mine).length === 1)
  await setReady('early', 'False')
  const { endpoint, labels } = await slices('early', mine => {
    const endpoint = mine[0]?.endpoints?.[0]
    return endpoint?.conditions?.serving === false && { endpoint, labels: mine[0]!.metadata.labels! }
  })
  assert.deepEqual(endpoint.conditions, { ready: true, serving: false, terminating: false })
  assert.ok('service.kubernetes.io/headless' in labels)
})

test('a slice has a hundred endpoints at most, and follows the selector', async () => {
  const { client } = cluster
  await client.create(replicaSets, workload('many', { replicas: 130 }))
  await serve('many')
  const sizes = await slices('many', mine => ready(mine).length === 130 && mine.map(s => s.endpoints!.length))
  assert.deepEqual(sizes.sort(), [100, 30])
  await client.patch(services, { namespace, name: 'many' }, { spec: { selector: { app: 'none' } } })
  await slices('many', mine => mine.length === 1 && mine[0]!.endpoints?.length === 0)
})

test('a Service takes its endpoints along', async () => {
  const { client } = cluster
  await client.delete(services, { namespace, name: 'many' })
  await slices('many', mine => mine.length === 0)
  await until(client, endpoints, all => all.every(e => e.metadata.name !== 'many'))
})
