import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerRevisions } from '../../src/api/apps/v1/controller-revision.ts'
import { type DaemonSet, daemonSets } from '../../src/api/apps/v1/daemon-set.ts'
import { leases } from '../../src/api/coordination/v1/lease.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { FakeClock } from '../../src/base/fake-clock.ts'
import { startCluster } from '../../src/testing/start-cluster.ts'
import { namespace, pod, template, workload } from './support/objects.ts'
import { until, untilGone, untilOne } from './support/until.ts'

const running = (all: readonly Pod[], app: string) =>
  all.filter(p => p.metadata.labels?.app === app && p.status.phase === 'Running' && !p.metadata.deletionTimestamp)

test('a DaemonSet has a pod on each node that fits, and updates them', async () => {
  await using cluster = await startCluster({ nodes: 4 })
  const { client } = cluster
  await client.patch(nodes, { name: 'node-4' }, { spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } })
  await client.patch(nodes, { name: 'node-3' }, { spec: { unschedulable: true } })
  await client.create(daemonSets, workload('agent'))
  const on = async () =>
    until(client, pods, all => {
      const here = running(all, 'agent').map(p => p.spec.nodeName!)
      return here.length === 3 && here.sort()
    })
  assert.deepEqual(await on(), ['node-1', 'node-2', 'node-3'])
  await client.patch(nodes, { name: 'node-4' }, { spec: { taints: null } })
  await until(client, pods, all => running(all, 'agent').length === 4)
  await client.patch(nodes, { name: 'node-4' }, { spec: { taints: [{ key: 'own', effect: 'NoExecute' }] } })
  assert.deepEqual(await on(), ['node-1', 'node-2', 'node-3'])
  const image = (of: string) => ({ spec: { template: { spec: { containers: [{ name: 'main', image: of }] } } } })
  await client.patch(daemonSets, { namespace, name: 'agent' }, image('main:2'))
  const whole = ({ metadata, status }: DaemonSet) =>
    status.observedGeneration === metadata.generation &&
    status.updatedNumberScheduled === 3 &&
    status.numberAvailable === 3
  await untilOne(client, daemonSets, 'agent', whole)
  await until(client, pods, all => running(all, 'agent').every(p => p.spec.containers[0]!.image === 'main:2'))
  const revisions = (await client.list(controllerRevisions)).items
  assert.deepEqual(revisions.map(r => r.revision).sort(), [1, 2])
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 }
  await client.patch(daemonSets, { namespace, name: 'agent' }, { spec: { updateStrategy: { rollingUpdate } } })
  await client.patch(daemonSets, { namespace, name: 'agent' }, image('main:1'))
  await until(client, pods, all => {
    const mine = running(all, 'agent')
    assert.ok(new Set(mine.map(p => p.spec.nodeName)).size === 3, 'every node has a pod all the time')
    return mine.length === 3 && mine.every(p => p.spec.containers[0]!.image === 'main:1')
  })
  await client.delete(daemonSets, { namespace, name: 'agent' })
  await until(client, pods, all => all.length === 0)
})

test('a node that falls silent loses its pods after what they tolerate', async () => {
  const clock = new FakeClock()
  await using cluster = await startCluster({ nodes: 2, clock })
  const { client } = cluster
  await client.create(nodes, { metadata: { name: 'silent' } } as never)
  const condition = { type: 'Ready', status: 'True', lastHeartbeatTime: new Date(clock.now()).toISOString() }
  const allocatable = { cpu: '8', memory: '8Gi', pods: '10' }
  await client.patch(
    nodes,
    { name: 'silent' },
    { status: { conditions: [condition], allocatable } },
    { subresource: 'status' },
  )
  const metadata = { name: 'silent', namespace: 'kube-node-lease' }
  await client.create(leases, { metadata, spec: { holderIdentity: 'silent' } } as never)
  const forever = { tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists' }], nodeName: 'silent' }
  await client.create(pods, pod('patient', forever))
  await client.create(pods, pod('usual', { nodeName: 'silent', terminationGracePeriodSeconds: 0 }))
  let passed = 0
  const pass = async (seconds: number) => {
    for (const end = passed + seconds; passed < end; passed += 5) {
      clock.advance(5_000)
      for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  await pass(45)
  assert.equal((await client.get(nodes, { name: 'silent' })).spec.taints, undefined)
  await pass(15)
  const { spec, status } = await client.get(nodes, { name: 'silent' })
  assert.deepEqual(
    spec.taints?.map(({ key, effect }) => [key, effect]),
    [
      ['node.kubernetes.io/unreachable', 'NoSchedule'],
      ['node.kubernetes.io/unreachable', 'NoExecute'],
    ],
  )
  assert.deepEqual(
    status.conditions?.map(c => [c.type, c.status, c.message]).filter(([type]) => type === 'Ready'),
    [['Ready', 'Unknown', 'Kubelet stopped posting node status.']],
  )
  assert.equal((await client.get(nodes, { name: 'node-1' })).spec.taints, undefined)
  await pass(280)
  assert.equal((await client.get(pods, { namespace, name: 'usual' })).metadata.deletionTimestamp, undefined)
  await pass(40)
  const evicted = (await client.list(pods, { namespace })).items
  assert.deepEqual(
    evicted.filter(p => !p.metadata.deletionTimestamp).map(p => p.metadata.name),
    ['patient'],
  )
  await client.delete(nodes, { name: 'silent' })
  await pass(80)
  await untilGone(client, pods, 'patient')
})

test('nodes that come all at once get pieces of the pod network of their own', async () => {
  await using cluster = await startCluster({ nodes: 50 })
  const given = await until(
    cluster.client,
    nodes,
    all => all.every(n => n.spec.podCIDR) && all.map(n => n.spec.podCIDR!),
  )
  assert.equal(new Set(given).size, 50)
  assert.ok(given.every(cidr => /^10\.244\.\d+\.0\/24$/.test(cidr)))
  await cluster.client.delete(nodes, { name: 'node-7' })
  await cluster.client.create(nodes, { metadata: { name: 'new' } } as never)
  const { spec } = await untilOne(cluster.client, nodes, 'new', n => n.spec.podCIDR)
  assert.ok(!given.includes(spec.podCIDR!), 'what was released is not used again at once')
})

test('pods that cannot be made are told by events of their owner', async () => {
  await using cluster = await startCluster({ nodes: 1 })
  const { client } = cluster
  await client.create(daemonSets, workload('bad', { template: template('bad', { priorityClassName: 'missing' }) }))
  const { events } = await import('../../src/api/core/v1/event.ts')
  const message = await until(client, events, all => all.find(e => e.reason === 'FailedCreate')?.message)
  assert.match(
    message,
    /^Error creating: pods "bad-[a-z0-9]*" is forbidden: no PriorityClass with name missing was found$/,
  )
})
