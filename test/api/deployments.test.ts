import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Deployment, deployments } from '../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../src/api/apps/v1/replica-set.ts'
import { events } from '../../src/api/core/v1/event.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { controllerOf } from '../../src/machinery/owner-references.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, pod, template, workload } from './support/objects.ts'
import { until, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 3 })
})
after(() => cluster.stop())

const complete = ({ metadata, spec, status }: Deployment) =>
  status.observedGeneration === metadata.generation &&
  status.updatedReplicas === spec.replicas &&
  status.replicas === spec.replicas &&
  (status.availableReplicas ?? 0) === spec.replicas
const done = (name: string) => untilOne(cluster.client, deployments, name, complete)
const patch = (name: string, body: object) => cluster.client.patch(deployments, { namespace, name }, body)
const image = (of: string) => ({ spec: { template: { spec: { containers: [{ name: 'main', image: of }] } } } })
const setsOf = async (name: string) => {
  const { items } = await cluster.client.list(replicaSets, { namespace, labelSelector: `app=${name}` })
  const revision = (set: (typeof items)[0]) => Number(set.metadata.annotations?.['deployment.kubernetes.io/revision'])
  return items.toSorted((a, b) => revision(a) - revision(b)).map(set => ({ set, revision: revision(set) }))
}
const revisionOf = (deployment: Deployment) => deployment.metadata.annotations?.['deployment.kubernetes.io/revision']

test('a Deployment runs, scales and says so', async () => {
  const { client } = cluster
  await client.create(deployments, workload('scale', { replicas: 2 }))
  const first = await done('scale')
  assert.deepEqual(
    first.status.conditions?.map(c => [c.type, c.status, c.reason]),
    [
      ['Available', 'True', 'MinimumReplicasAvailable'],
      ['Progressing', 'True', 'NewReplicaSetAvailable'],
    ],
  )
  await patch('scale', { spec: { replicas: 5 } })
  await done('scale')
  await patch('scale', { spec: { replicas: 0 } })
  await done('scale')
  await until(client, pods, all => all.every(p => p.metadata.labels?.app !== 'scale'))
  const [{ set } = {} as never] = await setsOf('scale')
  const messages = await until(client, events, all => {
    const told = all.filter(e => e.reason === 'ScalingReplicaSet' && e.involvedObject.name === 'scale')
    return told.length === 3 && told.map(e => e.message)
  })
  const of = set.metadata.name
  assert.deepEqual(messages.sort(), [
    `Scaled down replica set ${of} from 5 to 0`,
    `Scaled up replica set ${of} from 0 to 2`,
    `Scaled up replica set ${of} from 2 to 5`,
  ])
})

test('a Deployment rolls to a new template and back, within its limits', async () => {
  const { client } = cluster
  await client.create(
    deployments,
    workload('roll', { replicas: 4, strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } }),
  )
  await done('roll')
  let most = 0
  const watching = until(client, pods, all => {
    const mine = all.filter(p => p.metadata.labels?.app === 'roll' && !p.metadata.deletionTimestamp)
    most = Math.max(most, mine.length)
    return mine.length === 4 && mine.every(p => p.spec.containers[0]!.image === 'main:2')
  })
  await patch('roll', image('main:2'))
  await watching
  assert.ok(most <= 5, `${most} pods at once`)
  assert.equal(revisionOf(await untilOne(client, deployments, 'roll', d => revisionOf(d) === '2' && complete(d))), '2')
  // What `kubectl rollout undo` does.
  await patch('roll', image('main:1'))
  await untilOne(client, deployments, 'roll', d => revisionOf(d) === '3' && complete(d))
  const sets = await setsOf('roll')
  assert.deepEqual(
    sets.map(({ set, revision }) => [revision, set.spec.replicas, set.spec.template?.spec?.containers[0]?.image]),
    [
      [2, 0, 'main:2'],
      [3, 4, 'main:1'],
    ],
  )
  assert.equal(sets[1]!.set.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
})

test('a paused Deployment scales but does not roll', async () => {
  const { client } = cluster
  await client.create(deployments, workload('pause', { replicas: 1 }))
  await done('pause')
  await patch('pause', { spec: { paused: true, replicas: 3, ...image('main:2').spec } })
  await until(client, pods, all => all.filter(p => p.metadata.labels?.app === 'pause').length === 3)
  const paused = await untilOne(client, deployments, 'pause', d =>
    d.status.conditions?.some(c => c.reason === 'DeploymentPaused'),
  )
  assert.equal(revisionOf(paused), '1')
  assert.equal((await setsOf('pause')).length, 1)
  await patch('pause', { spec: { paused: false } })
  assert.equal(revisionOf(await done('pause')), '2')
})

test('a Deployment that is scaled in the middle of a rollout goes on rolling', async () => {
  const { client } = cluster
  await client.create(deployments, workload('both', { replicas: 10 }))
  await done('both')
  await patch('both', image('main:2'))
  await untilOne(
    client,
    deployments,
    'both',
    d => (d.status.updatedReplicas ?? 0) > 0 && d.status.updatedReplicas! < 10,
  )
  await patch('both', { spec: { replicas: 11 } })
  await done('both')
})

test('a Deployment keeps no more old sets than its limit', async () => {
  await cluster.client.create(deployments, workload('history', { replicas: 1, revisionHistoryLimit: 1 }))
  for (let i = 1; i <= 4; i++) {
    await patch('history', image(`main:${i}`))
    await untilOne(cluster.client, deployments, 'history', d => complete(d) && revisionOf(d) === String(i))
  }
  const left = await until(cluster.client, replicaSets, all => {
    const mine = all.filter(set => set.metadata.labels?.app === 'history')
    return mine.length === 2 && mine
  })
  assert.deepEqual(left.map(set => set.spec.template?.spec?.containers[0]?.image).sort(), ['main:3', 'main:4'])
})

test('a Deployment with the strategy Recreate ends all old pods first', async () => {
  const { client } = cluster
  await client.create(deployments, workload('recreate', { replicas: 3, strategy: { type: 'Recreate' } }))
  await done('recreate')
  let mixed = false
  const rolled = (wanted: string) =>
    until(client, pods, all => {
      const images = all.filter(p => p.metadata.labels?.app === 'recreate').map(p => p.spec.containers[0]!.image)
      mixed ||= new Set(images).size > 1
      return images.length === 3 && images.every(i => i === wanted)
    })
  for (const wanted of ['main:2', 'main:1']) {
    const watching = rolled(wanted)
    await patch('recreate', image(wanted))
    await watching
  }
  assert.equal(mixed, false)
})

test('a Deployment that makes no progress says so after its deadline', async () => {
  const { client } = cluster
  const spec = {
    replicas: 1,
    progressDeadlineSeconds: 1,
    template: template('stuck', { nodeSelector: { no: 'where' } }),
  }
  await client.create(deployments, workload('stuck', spec))
  const { metadata, status } = await untilOne(client, deployments, 'stuck', d =>
    d.status.conditions?.some(c => c.reason === 'ProgressDeadlineExceeded'),
  )
  const [{ set } = {} as never] = await setsOf(metadata.name)
  assert.deepEqual(
    status.conditions?.map(c => [c.type, c.status, c.message]),
    [
      ['Available', 'False', 'Deployment does not have minimum availability.'],
      ['Progressing', 'False', `ReplicaSet "${set.metadata.name}" has timed out progressing.`],
    ],
  )
})

test('a ReplicaSet replaces pods that are deleted, takes in orphans, and lets go what no longer matches', async () => {
  const { client } = cluster
  await client.create(pods, pod('orphan', {}, { app: 'adopt' }))
  await client.create(replicaSets, workload('adopt', { replicas: 2 }))
  const set = await untilOne(client, replicaSets, 'adopt', s => s.status.readyReplicas === 2)
  const mine = (all: readonly { metadata: never }[]) =>
    all.filter(p => controllerOf(p)?.uid === set.metadata.uid) as unknown as { metadata: { name: string } }[]
  const names = await until(
    client,
    pods,
    all => mine(all as never).length === 2 && mine(all as never).map(p => p.metadata.name),
  )
  assert.ok(names.includes('orphan'))
  await client.patch(pods, { namespace, name: 'orphan' }, { metadata: { labels: { app: 'free' } } })
  await until(client, pods, all => {
    const free = all.find(p => p.metadata.name === 'orphan')!
    return !free.metadata.ownerReferences?.length && mine(all as never).length === 2
  })
  const doomed = names.find(name => name !== 'orphan')!
  await client.delete(pods, { namespace, name: doomed })
  await until(client, pods, all => {
    const left = mine(all as never).map(p => p.metadata.name)
    return left.length === 2 && !left.includes(doomed)
  })
})
