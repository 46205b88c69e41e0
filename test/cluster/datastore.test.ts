import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { busybox } from './support/cluster.ts'
import { invitationOf, KubeadmCluster } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

const objects = 500

interface Item {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
  }
  readonly data?: object
  readonly spec?: object
}

/** The steps build on each other. */
describe('the cluster of one machine is backed up, and grows into a control plane of several', {
  skip: await missing(),
}, () => {
  let cluster: KubeadmCluster
  let [cp1, cp2, cp3] = [] as unknown as [Machine, Machine, Machine]
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'cp3')
    ;[cp1, cp2, cp3] = cluster.machines as [Machine, Machine, Machine]
    await cluster.ok(cp1, ['up'])
    await cluster.busybox(cp1)
    await cluster.kubectl(cp1, ['create', 'deployment', 'web', `--image=${busybox}`, '--', 'sleep', '100000'])
    const items = Array.from({ length: objects }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `object-${i}` },
      data: { number: String(i) },
    }))
    const list = { apiVersion: 'v1', kind: 'List', items }
    await cluster.kubectl(cp1, ['create', '-f', '-'], { input: JSON.stringify(list) })
    await cluster.kubectl(cp1, ['rollout', 'status', 'deployment/web', '--timeout=60s'], { timeout: 70_000 })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  const kinds =
    'configmaps,deployments,replicasets,services,serviceaccounts,clusterroles,clusterrolebindings,namespaces,nodes,pods'
  const everything = async (on: Machine): Promise<readonly Item[]> =>
    (JSON.parse(await cluster.kubectl(on, ['get', kinds, '-A', '-o', 'json'])) as { items: Item[] }).items
  const nameOf = ({ kind, metadata: { namespace, name } }: Item) => `${kind} ${namespace ?? ''}/${name}`
  const container = (on: Machine) =>
    cluster.kubectl(on, [
      'get',
      'pods',
      '-l',
      'app=web',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[*].containerID}',
    ])

  test('a snapshot of SQLite is saved while the server runs, and restored when it is stopped', async () => {
    const text = await cluster.ok(cp1, ['snapshot', 'save', '/root/backup.db'])
    assert.match(text, /\nsqlite +[0-9a-f]{8} +\d+ +\d+ /)
    assert.equal((await cp1.ok('stat', ['-c', '%a', '/root/backup.db'])).trim(), '600')
    await cluster.kubectl(cp1, ['create', 'configmap', 'after'])
    const running = await cluster.kobune(cp1, ['snapshot', 'restore', '/root/backup.db'])
    assert.equal(running.code, 1)
    assert.match(running.stderr, /the server runs.*kobune down/)
    await cluster.ok(cp1, ['down'])
    await cluster.ok(cp1, ['snapshot', 'restore', '/root/backup.db'])
    await cluster.ok(cp1, ['up'])
    const found = await everything(cp1)
    const names = found.map(nameOf)
    assert.ok(names.includes('ConfigMap default/object-499'))
    assert.ok(!names.includes('ConfigMap default/after'))
    const { code } = await cluster.tryKubectl(cp1, ['create', 'configmap', 'later'])
    assert.equal(code, 0)
    const version = await cluster.kubectl(cp1, [
      'get',
      'configmap',
      'later',
      '-o',
      'jsonpath={.metadata.resourceVersion}',
    ])
    assert.ok(Number(version) > 1_000_000_000)
    await cluster.kubectl(cp1, ['rollout', 'status', 'deployment/web', '--timeout=60s'], { timeout: 70_000 })
  })

  test('nothing is lost on the way to etcd, and pods go on running', async () => {
    const before = await everything(cp1)
    const running = await container(cp1)
    assert.ok(running)
    await cluster.ok(cp1, ['datastore', 'migrate', '--to', 'etcd'])
    const now = new Map((await everything(cp1)).map(item => [nameOf(item), item]))
    for (const item of before) {
      const found = now.get(nameOf(item))
      assert.equal(found?.metadata.uid, item.metadata.uid, nameOf(item))
      if (/ConfigMap default\/object/.test(nameOf(item))) assert.deepEqual(found?.data, item.data)
      // No resourceVersion that anybody has seen comes again.
      const newest = Math.max(...before.map(({ metadata }) => Number(metadata.resourceVersion)))
      assert.ok(Number(found?.metadata.resourceVersion) > newest, nameOf(item))
    }
    assert.equal(await container(cp1), running)
    assert.match(await cp1.ok('ls', ['/etc/kubernetes/manifests']), /etcd\.yaml\nkube-apiserver\.yaml/)
    await cluster.kubectl(cp1, ['scale', 'deployment/web', '--replicas=2'])
    await cluster.kubectl(cp1, ['rollout', 'status', 'deployment/web', '--timeout=60s'], { timeout: 70_000 })
    const again = await cluster.kobune(cp1, ['datastore', 'migrate', '--to', 'etcd'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /has no cluster of `kobune up`/)
  })

  test('other machines join it, and the first one can go', async () => {
    const upload = await cluster.ok(cp1, ['init', 'phase', 'upload-certs', '--upload-certs'])
    const key = /^[0-9a-f]{64}$/m.exec(upload)![0]
    const { worker } = invitationOf(await cluster.ok(cp1, ['token', 'create', '--print-join-command']))
    const words = [...worker, '--control-plane', '--certificate-key', key]
    await Promise.all([cluster.join(cp2, words), cluster.join(cp3, words)])
    await cluster.ready(cp2, 3)
    const left = await cluster.ok(cp1, ['reset', '--force'])
    assert.doesNotMatch(left, /could not be removed|stays in the membership/)
    await until('cp1 is gone', async () => {
      const rows = JSON.parse(await cluster.ok(cp2, ['nodes', 'list', '-o', 'json'])) as {
        name: string
        etcd?: { healthy: boolean }
      }[]
      if (rows.length !== 2 || !rows.every(({ etcd }) => etcd?.healthy)) throw new Error(JSON.stringify(rows))
      return true
    })
    const names = (await everything(cp3)).map(nameOf)
    assert.equal(names.filter(name => name.startsWith('ConfigMap default/object-')).length, objects)
  })
})
