import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { adminConf, KubeadmCluster } from './support/kubeadm-cluster.ts'
import { installVersion } from './support/other-version.ts'
import { until } from './support/until.ts'

describe('a control plane of units, and one of pods beside it', { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let one: Machine
  let two: Machine
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2')
    ;[one, two] = cluster.machines as [Machine, Machine]
    await one.ok('mkdir', ['-p', '/run/systemd/system'])
    await one.ok('install', [`${checkout}/test/cluster/support/systemctl.sh`, '/usr/local/bin/systemctl'])
    await cluster.init(one, ['--layout', 'systemd', '--upload-certs'])
    await cluster.join(two, cluster.invitation!.controlPlane)
    await cluster.ready(one, 2)
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  interface Row {
    readonly name: string
    readonly etcd?: { readonly role: string; readonly healthy: boolean }
    readonly apiServer?: { readonly healthy: boolean }
  }
  const rows = async (from: Machine) => JSON.parse(await cluster.ok(from, ['nodes', 'list', '-o', 'json'])) as Row[]
  const authority = (machine: Machine) => machine.ok('cat', ['/etc/kubernetes/pki/ca.crt'])

  test('both have a vote in etcd and an API server, as either of them tells', async () => {
    assert.equal((await one.exec('ls', ['/etc/kubernetes/manifests'])).stdout, '')
    for (const machine of [one, two]) {
      const told = await until('all is well', async () => {
        const all = await rows(machine)
        return all.every(({ etcd, apiServer }) => etcd?.healthy && apiServer?.healthy) && all
      })
      assert.deepEqual(told.map(({ name }) => name).sort(), ['cp1', 'cp2'])
      assert.deepEqual(told.map(({ etcd }) => etcd!.role).sort(), ['leader', 'voter'])
    }
    const configuration = await cluster.ok(two, ['config', 'haproxy'])
    for (const { name, address } of [one, two]) assert.match(configuration, new RegExp(`${name} ${address}:6443`))
  })

  test('its certificates are renewed, and it takes up an endpoint', async () => {
    await cluster.ok(one, ['certs', 'renew', 'all'])
    const name = 'api.example.com:6443'
    const early = await cluster.kobune(two, ['config', 'endpoint', 'set', name, '--no-check'])
    assert.match(early.stderr, /nothing is switched yet: the API servers of cp1 do not have the name/)
    await cluster.ok(one, ['config', 'endpoint', 'apply'])
    await until('cp1 shows the name', async () => {
      const { code, stderr } = await cluster.kobune(two, ['config', 'endpoint', 'set', name, '--no-check'])
      if (code !== 0) throw new Error(stderr)
      return true
    })
    // Nobody answers there.
    await cluster.ok(two, ['config', 'endpoint', 'set', `${one.address}:6443`])
    await cluster.ok(one, ['config', 'endpoint', 'apply'])
  })

  test('all authorities are replaced, etcd starts anew as a unit and as a pod', async t => {
    const before = await authority(one)
    const plan = await cluster.ok(one, ['certs', 'rotate-ca', 'all', '--dry-run'])
    assert.match(plan, /2\. restart-etcd cp1: .*\n {2}3\. restart-etcd cp2/)
    const began = Date.now()
    await cluster.ok(two, ['certs', 'rotate-ca', 'all', '--settle', '0s', '--timeout', '60s'])
    t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s`)
    const after = await authority(one)
    assert.notEqual(after, before)
    assert.equal(await authority(two), after)
    await cluster.ready(one, 2)
    assert.ok((await rows(one)).every(({ etcd, apiServer }) => etcd?.healthy && apiServer?.healthy))
  })

  test('a snapshot comes back on it, when it is alone', async () => {
    await cluster.ok(two, ['reset', '--force'])
    await until('cp2 is gone', async () => (await rows(one)).length === 1)
    await cluster.ok(one, ['snapshot', 'save', '/root/snapshot.db'])
    await cluster.kubectl(one, ['create', 'configmap', 'since'])
    const refused = await cluster.kobune(one, ['snapshot', 'restore', '/root/snapshot.db'])
    assert.match(refused.stderr, /etcd is well on this machine/)
    await cluster.ok(one, ['snapshot', 'restore', '/root/snapshot.db', '--force'])
    assert.match((await cluster.tryKubectl(one, ['get', 'configmap', 'since'])).stderr, /NotFound/)
    await cluster.kubectl(one, ['create', 'configmap', 'again'])
    await cluster.ready(one, 1)
  })

  test('is upgraded', async () => {
    const next = await installVersion(one, { version: '0.2.0' })
    await one.ok(next, ['upgrade', 'apply', '--yes'], { timeout: 180_000 })
    assert.match(await cluster.kubectl(one, ['version', '-o', 'json']), /"gitVersion": "v1\.36\.0\+kobune-0\.2\.0"/)
  })

  test('reset leaves nothing of it', async () => {
    await cluster.ok(one, ['reset', '--force'])
    const { stdout } = await one.exec('sh', [
      '-c',
      `ls -d ${adminConf} /etc/kubernetes/pki /var/lib/kobune /run/kobune /var/lib/etcd /etc/systemd/system/k*.service /etc/systemd/system/etcd.service 2>/dev/null
       for each in /proc/[0-9]*; do tr '\\0' ' ' < $each/cmdline 2>/dev/null | grep -E '^(/usr/bin/)?etcd |^[^ ]*node ' ; done`,
    ])
    assert.equal(stdout, '')
  })
})
