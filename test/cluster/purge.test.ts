import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { missing } from './lab/needs.ts'
import { busybox, Cluster } from './support/cluster.ts'
import { differences, type Snapshot, snapshot } from './support/snapshot.ts'

const busy = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { colour: blue }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: busy }
spec:
  replicas: 2
  selector: { matchLabels: { app: busy } }
  template:
    metadata: { labels: { app: busy } }
    spec:
      containers:
        - name: busy
          image: ${busybox}
          command: [httpd, -f]
          resources: { limits: { memory: 32Mi } }
          volumeMounts:
            - { name: memory, mountPath: /memory }
            - { name: settings, mountPath: /settings }
      volumes:
        - { name: memory, emptyDir: { medium: Memory } }
        - { name: settings, configMap: { name: settings } }
---
apiVersion: v1
kind: Pod
metadata: { name: door, labels: { app: busy } }
spec:
  containers:
    - { name: busy, image: ${busybox}, command: [httpd, -f], ports: [{ containerPort: 80, hostPort: 8081 }] }
---
apiVersion: v1
kind: Service
metadata: { name: busy }
spec: { type: NodePort, sessionAffinity: ClientIP, selector: { app: busy }, ports: [{ port: 80, nodePort: 30081 }] }
`

describe('kobune down --purge', { skip: await missing() }, () => {
  let cluster: Cluster
  let untouched: Snapshot
  before(async () => {
    cluster = await Cluster.prepare()
    // Whoever used any program has it.
    await cluster.node.ok('mkdir', ['/root/.cache'])
    untouched = await snapshot(cluster.node)
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  async function useIt(): Promise<void> {
    await cluster.up()
    await cluster.busyboxImage()
    await cluster.apply(busy)
    await cluster.kubectl(['rollout', 'status', 'deployment/busy', '--timeout', '60s'])
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/door', '--timeout=60s'])
  }
  const purge = async () => {
    // kubectl's own.
    await cluster.node.ok('rm', ['-rf', '/root/.kube/cache'])
    const { code, stderr } = await cluster.kobune(['down', '--purge', '--yes'])
    assert.equal(code, 0, stderr)
  }

  test('takes back all that a cluster in use left', async () => {
    await useIt()
    await purge()
    assert.deepEqual(differences(untouched, await snapshot(cluster.node)), [])
  })

  test('does so too when its processes were killed before', async () => {
    await useIt()
    await cluster.node.ok('sh', ['-c', 'kill -9 $(cut -d" " -f1 /run/kobune/server.pid /run/kobune/agent.pid)'])
    await cluster.node.ok('sh', ['-c', 'kill -9 $(cut -d" " -f1 /run/kobune/containerd/containerd.pid)'])
    await purge()
    assert.deepEqual(differences(untouched, await snapshot(cluster.node)), [])
  })

  test('leaves what others had, and asks who is at a terminal', async () => {
    await cluster.write('/etc/kubernetes/own-note', 'mine')
    await cluster.write(
      '/root/.kube/config',
      'apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: [{ name: mine, context: { cluster: a, user: b } }]\ncurrent-context: mine\n',
    )
    await cluster.up()
    const unsure = await cluster.kobune(['down', '--purge'])
    assert.equal(unsure.code, 2)
    assert.match(unsure.stderr, /--purge removes all data of the cluster; say --yes/)
    assert.equal((await cluster.kobune(['status'])).code, 0)
    await purge()
    assert.equal(await cluster.node.ok('cat', ['/etc/kubernetes/own-note']), 'mine')
    assert.equal((await cluster.kubectl(['config', 'current-context'])).trim(), 'mine')
  })

  test('is fine with a machine that has no cluster', purge)
})
