import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { daemonSets } from '../../src/api/apps/v1/daemon-set.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { podDisruptionBudgets } from '../../src/api/policy/v1/pod-disruption-budget.ts'
import { checkDrain, drain, podsToMove } from '../../src/bootstrap/nodes/drain.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { until } from '../cluster/support/until.ts'

describe('draining a node', () => {
  let cluster: TestCluster
  let name: string
  before(async () => {
    cluster = await startCluster({ nodes: 2 })
    const { items } = await cluster.client.list(nodes)
    name = items[0]!.metadata.name!
  })
  after(() => cluster?.stop())

  const template = (app: string) => ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  })
  const on = async (app: string) =>
    (await cluster.client.list(pods, { labelSelector: `app=${app}` })).items.filter(pod => pod.spec.nodeName === name)
  const options = (notes: string[], force = false) => ({
    client: cluster.client,
    name,
    force,
    grace: 0,
    signal: AbortSignal.timeout(20_000),
    note: (text: string) => void notes.push(text),
  })

  test('waits for what a disruption budget does not allow, and leaves pods of DaemonSets', async () => {
    const { client } = cluster
    const selector = (app: string) => ({ matchLabels: { app } })
    await client.create(deployments, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas: 4, selector: selector('web'), template: template('web') },
    })
    await client.create(daemonSets, {
      metadata: { name: 'every', namespace: 'default' },
      spec: { selector: selector('every'), template: template('every') },
    })
    await client.create(podDisruptionBudgets, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { maxUnavailable: 0, selector: selector('web') },
    })
    await until('pods run on the node', async () => (await on('web')).length > 0 && (await on('every')).length === 1)
    await until('the budget is counted', async () => {
      const budget = await client.get(podDisruptionBudgets, { namespace: 'default', name: 'web' })
      return budget.status.currentHealthy === 4
    })
    const notes: string[] = []
    const draining = drain(options(notes))
    await until('the budget keeps them', async () =>
      notes.some(note => /a disruption budget keeps default\/web-/.test(note)),
    )
    assert.ok((await on('web')).length > 0)
    assert.equal((await client.get(nodes, { name })).spec.unschedulable, true)
    await client.patch(podDisruptionBudgets, { namespace: 'default', name: 'web' }, { spec: { maxUnavailable: 2 } })
    await draining
    assert.equal((await on('web')).length, 0)
    assert.equal((await on('every')).length, 1)
    assert.equal((await podsToMove(client, name)).length, 0)
  })

  test('refuses to lose a pod that nobody makes again', async () => {
    await cluster.client.create(pods, {
      metadata: { name: 'alone', namespace: 'default' },
      spec: { nodeName: name, containers: [{ name: 'c', image: 'x' }] },
    })
    await assert.rejects(checkDrain(options([])), /nobody makes these pods of .* again: default\/alone; --force/)
    await checkDrain(options([], true))
  })
})
