import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { statefulSets } from '../../src/api/apps/v1/stateful-set.ts'
import { persistentVolumeClaims } from '../../src/api/core/v1/persistent-volume-claim.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { replicationControllers } from '../../src/api/core/v1/replication-controller.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, template, workload } from './support/objects.ts'
import { until, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 2 })
})
after(() => cluster.stop())

const mine = (all: readonly Pod[], app: string) => all.filter(p => p.metadata.labels?.app === app)
const names = (all: readonly Pod[]) => all.map(p => p.metadata.name).sort()
const image = (of: string) => ({ template: { spec: { containers: [{ name: 'main', image: of }] } } })
const patch = (name: string, spec: object) => cluster.client.patch(statefulSets, { namespace, name }, { spec })
const whole = (name: string, replicas: number) =>
  untilOne(
    cluster.client,
    statefulSets,
    name,
    ({ metadata, status }) =>
      status.observedGeneration === metadata.generation &&
      status.replicas === replicas &&
      (status.readyReplicas ?? 0) === replicas,
  )

test('a StatefulSet makes numbered pods in order, with names and volumes of their own', async () => {
  const { client } = cluster
  const order: string[] = []
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }
  const watching = until(client, pods, all => {
    for (const { metadata } of mine(all, 'db')) if (!order.includes(metadata.name)) order.push(metadata.name)
    return order.length === 3
  })
  await client.create(statefulSets, workload('db', { replicas: 3, serviceName: 'db', volumeClaimTemplates: [claim] }))
  await watching
  assert.deepEqual(order, ['db-0', 'db-1', 'db-2'])
  const { status } = await whole('db', 3)
  const pod = await client.get(pods, { namespace, name: 'db-1' })
  assert.deepEqual([pod.spec.hostname, pod.spec.subdomain], ['db-1', 'db'])
  assert.deepEqual(
    [
      pod.metadata.labels?.['statefulset.kubernetes.io/pod-name'],
      pod.metadata.labels?.['apps.kubernetes.io/pod-index'],
    ],
    ['db-1', '1'],
  )
  assert.equal(pod.metadata.labels?.['controller-revision-hash'], status.updateRevision)
  assert.equal(pod.spec.volumes?.find(v => v.name === 'data')?.persistentVolumeClaim?.claimName, 'data-db-1')
  const claims = (await client.list(persistentVolumeClaims, { namespace })).items
  assert.deepEqual(
    claims.map(c => [c.metadata.name, c.metadata.labels?.app]),
    [0, 1, 2].map(i => [`data-db-${i}`, 'db']),
  )
})

test('a StatefulSet scales from the end, and replaces a pod under its name', async () => {
  const { client } = cluster
  await patch('db', { replicas: 1 })
  await whole('db', 1)
  assert.deepEqual(names(mine((await client.list(pods)).items, 'db')), ['db-0'])
  const { uid } = (await client.get(pods, { namespace, name: 'db-0' })).metadata
  await client.delete(pods, { namespace, name: 'db-0' })
  await untilOne(client, pods, 'db-0', p => p.metadata.uid !== uid && p.status.phase === 'Running')
  assert.equal((await client.list(persistentVolumeClaims, { namespace })).items.length, 3)
})

test('a StatefulSet updates from the end down to its partition, and then all', async () => {
  const { client } = cluster
  await client.create(
    statefulSets,
    workload('part', { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } }),
  )
  const before = (await whole('part', 3)).status.currentRevision
  await patch('part', image('main:2'))
  const images = (wanted: readonly string[]) =>
    until(client, pods, all => {
      const here = mine(all, 'part').filter(p => p.status.phase === 'Running' && !p.metadata.deletionTimestamp)
      const sorted = here.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      return sorted.map(p => p.spec.containers[0]!.image).join() === wanted.join()
    })
  await images(['main:1', 'main:1', 'main:2'])
  const part = await untilOne(
    client,
    statefulSets,
    'part',
    s => s.status.updatedReplicas === 1 && s.status.readyReplicas === 3,
  )
  assert.equal(part.status.currentRevision, before)
  // A pod below the partition comes back as it was.
  await client.delete(pods, { namespace, name: 'part-0' })
  await images(['main:1', 'main:1', 'main:2'])
  await patch('part', { updateStrategy: { rollingUpdate: { partition: 0 } } })
  await images(['main:2', 'main:2', 'main:2'])
  await untilOne(
    client,
    statefulSets,
    'part',
    ({ status }) => status.currentRevision === status.updateRevision && status.currentReplicas === 3,
  )
})

test('a StatefulSet may do everything at once', async () => {
  const { client } = cluster
  const never = { nodeSelector: { no: 'where' } }
  await client.create(
    statefulSets,
    workload('wide', { replicas: 3, podManagementPolicy: 'Parallel', template: template('wide', never) }),
  )
  await until(client, pods, all => mine(all, 'wide').length === 3)
  await patch('wide', { replicas: 0 })
  await until(client, pods, all => mine(all, 'wide').length === 0)
})

test('a ReplicationController keeps its pods', async () => {
  const { client } = cluster
  const spec = { replicas: 2, selector: { app: 'rc' }, template: template('rc') }
  await client.create(replicationControllers, { metadata: { name: 'rc', namespace }, spec } as never)
  await untilOne(client, replicationControllers, 'rc', rc => rc.status.readyReplicas === 2)
  await client.patch(replicationControllers, { namespace, name: 'rc' }, { spec: { replicas: 0 } })
  await until(client, pods, all => mine(all, 'rc').length === 0)
})
