import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as k8s from '@kubernetes/client-node'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { Informer } from '../../src/client/informer.ts'
import { startCluster } from '../../src/testing/start-cluster.ts'

const labels = { app: 'web' }
const web = {
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 3,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web' }] } },
  },
}

test('startCluster() runs a Deployment on simulated nodes', async () => {
  await using cluster = await startCluster({ nodes: 3 })
  await using informer = new Informer(cluster.client, pods)
  const running = Promise.withResolvers<void>()
  const look = () => {
    const all = [...informer.list()]
    if (all.length === 3 && all.every(pod => pod.status.phase === 'Running')) running.resolve()
  }
  informer.on({ added: look, updated: look })
  informer.start()
  await cluster.client.create(deployments, web)
  await running.promise
  const nodes = new Set([...informer.list()].map(pod => pod.spec.nodeName))
  assert.equal(nodes.size, 3, 'the pods are spread over the nodes')
})

test("startCluster() gives a kubeconfig that other people's clients take", async () => {
  await using cluster = await startCluster()
  const config = new k8s.KubeConfig()
  config.loadFromString(cluster.kubeconfig)
  const core = config.makeApiClient(k8s.CoreV1Api)
  await core.createNamespacedConfigMap({
    namespace: 'default',
    body: { metadata: { name: 'a' }, data: { key: 'value' } },
  })
  const { data } = await core.readNamespacedConfigMap({ namespace: 'default', name: 'a' })
  assert.deepEqual(data, { key: 'value' })
})

test('startCluster() holds users to their roles', async () => {
  await using cluster = await startCluster({ controllers: false })
  const config = new k8s.KubeConfig()
  config.loadFromString(await cluster.kubeconfigFor('jane'))
  const core = config.makeApiClient(k8s.CoreV1Api)
  await assert.rejects(core.listNamespacedPod({ namespace: 'default' }), (error: k8s.ApiException<string>) => {
    assert.equal(error.code, 403)
    assert.match(
      error.body,
      /User \\"jane\\" cannot list resource \\"pods\\" in API group \\"\\" in the namespace \\"default\\"/,
    )
    return true
  })
})
