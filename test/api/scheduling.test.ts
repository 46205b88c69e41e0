import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { replicaSets } from '../../src/api/apps/v1/replica-set.ts'
import { events } from '../../src/api/core/v1/event.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { priorityClasses } from '../../src/api/scheduling/v1/priority-class.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { namespace, pod, template, workload } from './support/objects.ts'
import { until, untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 3 })
  for (const [i, zone] of ['a', 'a', 'b'].entries()) {
    const metadata = { labels: { zone, disk: i === 1 ? 'ssd' : 'hdd' } }
    await cluster.client.patch(nodes, { name: `node-${i + 1}` }, { metadata })
  }
  // The controllers give each node its network as well.
  await until(cluster.client, nodes, all => all.every(node => node.spec.podCIDR && node.metadata.labels?.zone))
})
after(() => cluster.stop())

const asks = (cpu: string, more: object = {}) => ({
  containers: [{ name: 'main', image: 'x', resources: { requests: { cpu } }, ...more }],
})
const create = (name: string, spec: object, labels = {}) => cluster.client.create(pods, pod(name, spec, labels))
const placed = async (name: string) => (await untilOne(cluster.client, pods, name, p => p.spec.nodeName)).spec.nodeName
const refused = async (name: string) => {
  const condition = (p: Pod) => p.status.conditions?.find(c => c.type === 'PodScheduled' && c.status === 'False')
  const { reason, message } = condition(await untilOne(cluster.client, pods, name, condition))!
  return `${reason}: ${message}`
}
const remove = (name: string) => cluster.client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 })

test('a pod goes where it asks to go', async () => {
  await create('selector', { nodeSelector: { disk: 'ssd' } })
  assert.equal(await placed('selector'), 'node-2')
  const term = { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } }
  await create('affinity', { affinity: { nodeAffinity } })
  assert.equal(await placed('affinity'), 'node-3')
})

test('a pod that fits nowhere says why, and is placed as soon as it fits', async () => {
  const { client } = cluster
  await create('picky', { nodeSelector: { disk: 'nvme' } })
  const message = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
  assert.equal(await refused('picky'), `Unschedulable: ${message}`)
  const told = await until(client, events, all => all.find(e => e.involvedObject.name === 'picky'))
  assert.deepEqual([told.type, told.reason, told.message], ['Warning', 'FailedScheduling', message])
  const begin = performance.now()
  await client.patch(nodes, { name: 'node-1' }, { metadata: { labels: { disk: 'nvme' } } })
  assert.equal(await placed('picky'), 'node-1')
  assert.ok(performance.now() - begin < 500, 'without waiting for a back-off')
})

test('resources are not given twice, and free ones are taken at once', async () => {
  for (const i of [1, 2, 3]) await create(`large-${i}`, asks('7'))
  const used = await Promise.all([1, 2, 3].map(i => placed(`large-${i}`)))
  assert.equal(new Set(used).size, 3)
  await create('waiting', asks('2'))
  assert.equal(await refused('waiting'), 'Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.')
  const begin = performance.now()
  await remove('large-2')
  assert.equal(await placed('waiting'), used[1])
  assert.ok(performance.now() - begin < 500)
  for (const name of ['large-1', 'large-3', 'waiting']) await remove(name)
})

test('a port of a node is taken once', async () => {
  const ports = { ports: [{ containerPort: 80, hostPort: 8080 }] }
  for (const i of [1, 2, 3, 4]) await create(`port-${i}`, asks('1m', ports))
  const all = await until(cluster.client, pods, list => {
    const mine = list.filter(p => p.metadata.name.startsWith('port-'))
    return mine.filter(p => p.spec.nodeName).length === 3 && mine
  })
  const late = all.find(p => !p.spec.nodeName)!.metadata.name
  const words = "node(s) didn't have free ports for the requested pod ports"
  assert.equal(await refused(late), `Unschedulable: 0/3 nodes are available: 3 ${words}.`)
})

test('taints and cordons keep pods away, each with its words', async () => {
  const { client } = cluster
  const taints = [{ key: 'team', value: 'x', effect: 'NoSchedule' }]
  await client.patch(nodes, { name: 'node-1' }, { spec: { taints } })
  await client.patch(nodes, { name: 'node-2' }, { spec: { unschedulable: true } })
  await client.patch(nodes, { name: 'node-3' }, { spec: { taints: [{ key: 'gone', effect: 'NoExecute' }] } })
  await create('kept-away', {})
  assert.equal(
    await refused('kept-away'),
    'Unschedulable: 0/3 nodes are available: 1 node(s) had untolerated taint {gone: }, ' +
      '1 node(s) had untolerated taint {team: x}, 1 node(s) were unschedulable.',
  )
  await create('tolerant', { tolerations: [{ key: 'team', operator: 'Equal', value: 'x', effect: 'NoSchedule' }] })
  assert.equal(await placed('tolerant'), 'node-1')
  await client.patch(nodes, { name: 'node-2' }, { spec: { unschedulable: false } })
  assert.equal(await placed('kept-away'), 'node-2')
  for (const name of ['node-1', 'node-3']) await client.patch(nodes, { name }, { spec: { taints: null } })
})

test('pods stay together and apart as they ask', async () => {
  const app = (name: string) => ({ labelSelector: { matchLabels: { app: name } }, topologyKey: 'zone' })
  const required = (terms: object) => ({ requiredDuringSchedulingIgnoredDuringExecution: [terms] })
  await create('first', { affinity: { podAffinity: required(app('pair')) } }, { app: 'pair' })
  const zoneOf = async (name: string) => ((await placed(name)) === 'node-3' ? 'b' : 'a')
  const zone = await zoneOf('first')
  await create('second', { affinity: { podAffinity: required(app('pair')) } }, { app: 'pair' })
  assert.equal(await zoneOf('second'), zone)
  await create('away', { affinity: { podAntiAffinity: required(app('pair')) } })
  assert.notEqual(await zoneOf('away'), zone)
  await create('lonely', { affinity: { podAffinity: required(app('nobody')) } })
  const words = "node(s) didn't match pod affinity rules"
  assert.equal(await refused('lonely'), `Unschedulable: 0/3 nodes are available: 3 ${words}.`)
  await create('somebody', {}, { app: 'nobody' })
  assert.equal(await zoneOf('lonely'), await zoneOf('somebody'))
})

test('pods are spread over zones', async () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'spread' } },
  }
  const spec = { replicas: 6, template: template('spread', { topologySpreadConstraints: [constraint] }) }
  await cluster.client.create(replicaSets, workload('spread', spec))
  const on = await until(cluster.client, pods, all => {
    const mine = all.filter(p => p.metadata.labels?.app === 'spread' && p.spec.nodeName)
    return mine.length === 6 && mine.map(p => p.spec.nodeName)
  })
  assert.equal(on.filter(node => node === 'node-3').length, 3)
})

test('pods with gates wait for them, and the more important go first', async () => {
  const { client } = cluster
  await client.create(priorityClasses, { metadata: { name: 'high' }, value: 1000 } as never)
  await create('gated', { schedulingGates: [{ name: 'example.com/gate' }] })
  const gated = await untilOne(client, pods, 'gated')
  assert.deepEqual(
    gated.status.conditions?.map(c => [c.type, c.reason]),
    [['PodScheduled', 'SchedulingGated']],
  )
  const order: string[] = []
  for (let i = 1; i <= 3; i++) await client.patch(nodes, { name: `node-${i}` }, { spec: { unschedulable: true } })
  await create('low-1', {})
  await create('high-1', { priorityClassName: 'high' })
  await refused('high-1')
  await refused('low-1')
  const both = until(client, pods, all => {
    const fresh = all.filter(p => p.spec.nodeName && ['low-1', 'high-1'].includes(p.metadata.name))
    for (const { metadata } of fresh) if (!order.includes(metadata.name)) order.push(metadata.name)
    return order.length === 2
  })
  for (let i = 1; i <= 3; i++) await client.patch(nodes, { name: `node-${i}` }, { spec: { unschedulable: false } })
  await both
  assert.deepEqual(order, ['high-1', 'low-1'])
  await client.patch(pods, { namespace, name: 'gated' }, { spec: { schedulingGates: null } })
  await placed('gated')
})

test('two thousand pods find their nodes in a moment', async t => {
  await using large = await startCluster({ nodes: 200 })
  const begin = performance.now()
  const cpu = process.cpuUsage()
  await large.client.create(replicaSets, workload('many', { replicas: 2000 }))
  await untilOne(large.client, replicaSets, 'many', set => set.status.readyReplicas === 2000)
  // Of this process, which all of it runs in: others on the machine do not count.
  const { user, system } = process.cpuUsage(cpu)
  const busy = (user + system) / 1000
  t.diagnostic(`${Math.round(performance.now() - begin)} ms; ${Math.round(busy)} ms of a processor`)
  assert.ok(busy < 10_000, `took ${Math.round(busy)} ms of a processor`)
  const counts = Map.groupBy((await large.client.list(pods)).items, p => p.spec.nodeName)
  assert.deepEqual([counts.size, Math.max(...[...counts.values()].map(c => c.length)) <= 11], [200, true])
})
