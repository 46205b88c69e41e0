import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { adminConf, KubeadmCluster } from './support/kubeadm-cluster.ts'
import { installVersion } from './support/other-version.ts'
import { until } from './support/until.ts'

describe('a control plane in one process, and a worker', { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let one: Machine
  let worker: Machine
  before(async () => {
    cluster = await KubeadmCluster.bare('m1', 'w1')
    ;[one, worker] = cluster.machines as [Machine, Machine]
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  test('comes up without etcd and without static pods, and a worker joins it', async t => {
    const began = Date.now()
    await cluster.init(one, ['--layout', 'in-process'])
    await cluster.join(worker)
    await cluster.ready(one, 2)
    t.diagnostic(`both Ready after ${((Date.now() - began) / 1000).toFixed(1)} s`)
    const names = await cluster.kubectl(one, ['-n', 'kube-system', 'get', 'pods', '-o', 'name'])
    assert.doesNotMatch(names, /etcd|apiserver|controller-manager|scheduler/)
    assert.match(await cluster.kubectl(one, ['get', 'csr']), /kube-apiserver-client-kubelet.*Approved,Issued/)
    await cluster.kubectl(one, ['create', 'deployment', 'd', '--image', 'registry.k8s.io/pause:3.10'])
    await cluster.kubectl(one, ['rollout', 'status', 'deployment/d', '--timeout', '60s'], { timeout: 70_000 })
    const node = await cluster.kubectl(one, ['get', 'pods', '-l', 'app=d', '-o', 'jsonpath={.items[0].spec.nodeName}'])
    assert.equal(node, 'w1')
  })

  test('a second control plane machine is refused', async () => {
    const words = [...cluster.invitation!.worker, '--control-plane', '--dry-run']
    const { code, stderr } = await cluster.kobune(worker, words)
    assert.equal(code, 1)
    assert.match(stderr, /keeps its state in SQLite on one machine.*join as a worker/)
  })

  test('a snapshot is taken while it runs', async () => {
    assert.match(await cluster.ok(one, ['snapshot', 'save', '/root/snapshot.db']), /^sqlite +\w+ +\d+/m)
  })

  test('all its authorities are replaced but that of etcd, which it has not', async t => {
    const authority = (machine: Machine) => machine.ok('cat', ['/etc/kubernetes/pki/ca.crt'])
    const before = await authority(one)
    const refused = await cluster.kobune(one, ['certs', 'rotate-ca', 'etcd-ca'])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /keeps its state in SQLite, and has no etcd/)
    const began = Date.now()
    await cluster.ok(one, ['certs', 'rotate-ca', 'all', '--settle', '0s', '--timeout', '60s'])
    t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s`)
    assert.notEqual(await authority(one), before)
    assert.equal(await authority(worker), await authority(one))
    await cluster.ready(one, 2)
    await cluster.ok(one, ['certs', 'renew', 'all'])
  })

  test('takes up an endpoint, and is told of as a machine with an API server', async () => {
    await cluster.ok(one, ['config', 'endpoint', 'set', 'api.example.com:6443', '--no-check'])
    await cluster.ok(one, ['config', 'endpoint', 'set', `${one.address}:6443`])
    await cluster.ok(worker, ['config', 'endpoint', 'apply'])
    assert.match(await cluster.ok(one, ['nodes', 'list']), /^m1 +control-plane +Ready +- +healthy /m)
    assert.match(await cluster.ok(one, ['config', 'haproxy']), new RegExp(`m1 ${one.address}:6443`))
  })

  test('a snapshot comes back, and what was written since is gone', async () => {
    await cluster.kubectl(one, ['create', 'configmap', 'before'])
    await cluster.ok(one, ['snapshot', 'save', '/root/later.db'])
    await cluster.kubectl(one, ['create', 'configmap', 'since'])
    const refused = await cluster.kobune(one, ['snapshot', 'restore', '/root/later.db'])
    assert.match(refused.stderr, /the control plane of this machine is well: .*--force does it/)
    assert.match(await cluster.ok(one, ['snapshot', 'restore', '/root/later.db', '--force']), /is up again/)
    const { stderr } = await cluster.tryKubectl(one, ['get', 'configmap', 'before', 'since'])
    assert.equal(stderr.trim(), 'Error from server (NotFound): configmaps "since" not found')
    await cluster.kubectl(one, ['create', 'configmap', 'again'])
    await cluster.ready(one, 2)
  })

  test('ends when it is told to', async () => {
    const process = await one.ok('cat', ['/run/kobune/server.pid'])
    const began = Date.now()
    await cluster.ok(one, ['nodes', 'stop'])
    // Whoever does not end within 30 s is killed.
    assert.ok(Date.now() - began < 25_000, `it took ${Date.now() - began} ms`)
    assert.notEqual((await one.exec('test', ['-d', `/proc/${process.split(' ')[0]}`])).code, 0)
    await cluster.ok(one, ['nodes', 'start'])
  })

  test('comes back after its process is killed, with all that it was', async () => {
    await one.ok('sh', ['-c', 'kill -9 $(cut -d" " -f1 /run/kobune/server.pid)'])
    await cluster.ok(one, ['nodes', 'start'])
    await until('the API answers', async () =>
      (await cluster.kubectl(one, ['get', 'deployment', 'd', '-o', 'name'])).includes('d'),
    )
    await cluster.ready(one, 2)
  })

  test('is upgraded, and taken back when the new version does not start', async () => {
    const broken = await installVersion(one, { version: '0.3.0', broken: true })
    const failed = await one.exec(broken, ['upgrade', 'apply', '--yes'], { timeout: 180_000 })
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /this release does not start.*The control plane is back as it was/s)
    const next = await installVersion(one, { version: '0.2.0' })
    await installVersion(worker, { version: '0.2.0' })
    await one.ok(next, ['upgrade', 'apply', '--yes'], { timeout: 180_000 })
    await worker.ok(next, ['upgrade', 'node'], { timeout: 180_000 })
    const version = await cluster.kubectl(one, ['version', '-o', 'json'])
    assert.match(version, /"gitVersion": "v1\.36\.0\+kobune-0\.2\.0"/)
    await until('both nodes tell the new version', async () => {
      const text = await cluster.kubectl(one, ['get', 'nodes', '--no-headers'])
      return text.match(/ Ready .*\+kobune-0\.2\.0$/gm)?.length === 2
    })
  })

  test('reset leaves nothing of it', async () => {
    await cluster.ok(worker, ['reset', '--force'])
    await cluster.ok(one, ['reset', '--force'])
    const { stdout } = await one.exec('sh', [
      '-c',
      `ls -d ${adminConf} /etc/kubernetes/pki /var/lib/kobune /run/kobune 2>/dev/null; grep -lz '[c]ontrol-plane' /proc/[0-9]*/cmdline`,
    ])
    assert.equal(stdout, '')
  })
})
