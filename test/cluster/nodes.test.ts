import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { busybox } from './support/cluster.ts'
import { KubeadmCluster } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

interface Row {
  readonly name: string
  readonly status: string
  readonly etcd?: { readonly role: string; readonly healthy: boolean }
  readonly apiServer?: { readonly healthy: boolean }
  readonly certificatesEnd?: string
}

/** The steps build on each other: a cluster grows old. */
describe('nodes are removed and replaced, and a snapshot brings the cluster back', { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let [cp1, cp2, cp3, cp4, w1] = [] as unknown as [Machine, Machine, Machine, Machine, Machine]
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'cp3', 'cp4', 'w1')
    ;[cp1, cp2, cp3, cp4, w1] = cluster.machines as [Machine, Machine, Machine, Machine, Machine]
    await cluster.init(cp1, ['--upload-certs'])
    await Promise.all([
      cluster.join(cp2, cluster.invitation!.controlPlane),
      cluster.join(cp3, cluster.invitation!.controlPlane),
      cluster.join(w1),
    ])
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  const rows = async (on: Machine): Promise<readonly Row[]> =>
    JSON.parse(await cluster.ok(on, ['nodes', 'list', '-o', 'json'])) as readonly Row[]
  const create = (on: Machine, name: string) => cluster.kubectl(on, ['create', 'configmap', name])
  const refused = async (on: Machine, args: readonly string[], why: RegExp) => {
    const { code, stdout, stderr } = await cluster.kobune(on, args)
    assert.notEqual(code, 0, stdout)
    assert.match(stderr, why)
  }

  test('nodes list shows every machine with its etcd, API server and certificates', async () => {
    const all = await rows(cp2)
    assert.deepEqual(all.map(({ name }) => name).sort(), ['cp1', 'cp2', 'cp3', 'w1'])
    const etcd = all.flatMap(row => (row.etcd ? [row.etcd] : []))
    assert.deepEqual(etcd.map(({ role }) => role).sort(), ['leader', 'voter', 'voter'])
    assert.ok(etcd.every(({ healthy }) => healthy))
    for (const { name, apiServer, certificatesEnd } of all) {
      assert.equal(apiServer?.healthy, name === 'w1' ? undefined : true, name)
      assert.ok(Date.parse(certificatesEnd!) > Date.now(), name)
    }
    const text = await cluster.ok(cp1, ['nodes', 'list'])
    assert.match(text, /^NAME +ROLES +STATUS +ETCD +API SERVER +VERSION +CERTIFICATES END\n/)
  })

  test('a machine that answers is drained first; pods that nobody makes again are not lost by accident', async () => {
    await cluster.busybox(w1)
    await cluster.kubectl(cp1, ['run', 'alone', `--image=${busybox}`, '--', 'sleep', '1000'])
    await cluster.kubectl(cp1, ['wait', '--for=condition=Ready', 'pod/alone', '--timeout=60s'])
    await refused(cp1, ['nodes', 'remove', 'w1'], /nobody makes these pods of w1 again: default\/alone/)
    await refused(cp1, ['nodes', 'remove', 'cp1'], /cp1 is this machine; .*kobune reset/)
    await cluster.ok(cp1, ['nodes', 'remove', 'w1', '--force', '--grace', '1'])
    await cluster.ok(w1, ['reset', '--force'])
    const all = await rows(cp1)
    assert.deepEqual(all.map(({ name }) => name).sort(), ['cp1', 'cp2', 'cp3'])
  })

  test('a snapshot is saved while the cluster runs, and holds what was written before', async () => {
    await create(cp1, 'before')
    const text = await cluster.ok(cp2, ['snapshot', 'save', '/root/backup.db'])
    assert.match(text, /^STORE +HASH +REVISION +TOTAL KEYS +TOTAL SIZE\netcd +[0-9a-f]{8} +\d+ +\d+ /)
    assert.equal((await cp2.ok('stat', ['-c', '%a', '/root/backup.db'])).trim(), '600')
    await refused(cp2, ['snapshot', 'save', '/root/backup.db'], /is there already/)
    const status = JSON.parse(await cluster.ok(cp2, ['snapshot', 'status', '/root/backup.db', '-o', 'json']))
    const original = JSON.parse(
      await cp2.ok('etcdctl', ['snapshot', 'status', '/root/backup.db', '-w', 'json'], { env: { ETCDCTL_API: '3' } }),
    )
    assert.deepEqual({ ...status, kind: undefined }, { ...original, kind: undefined })
    await create(cp1, 'after')
  })

  test('a dead machine of the control plane is replaced with one command', async () => {
    await cp3.powerOff()
    await refused(cp1, ['nodes', 'remove', 'cp3'], /cp3 does not answer.*--force/s)
    const command = (await cluster.ok(cp1, ['nodes', 'replace', 'cp3', '--force'])).trim().split(' ')
    assert.deepEqual(command.slice(0, 2), ['kobune', 'join'])
    await cluster.join(cp4, command.slice(1))
    const all = await rows(cp4)
    assert.deepEqual(all.map(({ name, etcd }) => `${name} ${etcd?.healthy}`).sort(), [
      'cp1 true',
      'cp2 true',
      'cp4 true',
    ])
    // Nothing is known of the old one any more: what the new one is to be has to be said.
    await refused(cp1, ['nodes', 'replace', 'cp3'], /the cluster has no node cp3/)
    const again = await cluster.ok(cp1, ['nodes', 'replace', 'cp3', '--control-plane'])
    assert.match(again, /^kobune join .* --control-plane --certificate-key [0-9a-f]{64}$/m)
  })

  test('no command takes the quorum away', async () => {
    const backup = await cp2.ok('base64', ['-w0', '/root/backup.db'])
    await cp1.ok('sh', ['-c', 'umask 077; base64 -d > /root/backup.db'], { input: backup })
    await refused(cp1, ['snapshot', 'restore', '/root/backup.db', '--force'], /etcd goes on at .*kobune nodes remove/s)
    await cp2.powerOff()
    await refused(cp1, ['nodes', 'remove', 'cp4', '--force'], /would lose its quorum|does not answer/)
  })

  test('after the loss of the quorum a snapshot brings the cluster back on one machine', async () => {
    await cp4.powerOff()
    await refused(cp1, ['nodes', 'remove', 'cp4', '--force'], /etcd has no quorum.*kobune snapshot restore/)
    const stdout = await cluster.ok(cp1, ['snapshot', 'restore', '/root/backup.db'])
    assert.match(stdout, /kobune reset --force/)
    const configMaps = await until('the API answers', async () =>
      cluster.kubectl(cp1, ['get', 'configmaps', '-o', 'name']),
    )
    assert.match(configMaps, /configmap\/before/)
    assert.doesNotMatch(configMaps, /configmap\/after/)
    const list = await cluster.kubectl(cp1, ['get', '--raw', '/api/v1/namespaces/default/configmaps'])
    const version = (JSON.parse(list) as { metadata: { resourceVersion: string } }).metadata.resourceVersion
    assert.ok(Number(version) > 1_000_000_000, version)
    for (const name of ['cp2', 'cp3']) await cluster.ok(cp1, ['nodes', 'remove', name, '--force'])
    await cluster.ready(cp1, 1)
    // Controllers, scheduler and kubelet go on with what is stored now.
    await cluster.busybox(cp1)
    await cluster.kubectl(cp1, ['taint', 'nodes', 'cp1', 'node-role.kubernetes.io/control-plane-'])
    await cluster.kubectl(cp1, ['create', 'deployment', 'web', `--image=${busybox}`, '--', 'sleep', '1000'])
    await cluster.kubectl(cp1, ['rollout', 'status', 'deployment/web', '--timeout=60s'], { timeout: 70_000 })
  })

  test('a machine of before joins again after a reset', async () => {
    await cluster.lab.reboot(cp2)
    await cluster.ok(cp2, ['reset', '--force'])
    const token = await cluster.ok(cp1, ['token', 'create', '--print-join-command'])
    const upload = await cluster.ok(cp1, ['init', 'phase', 'upload-certs', '--upload-certs'])
    const key = /^[0-9a-f]{64}$/m.exec(upload)![0]
    await cluster.join(cp2, [...token.trim().split(' ').slice(1), '--control-plane', '--certificate-key', key])
    await cluster.ready(cp1, 2)
    const all = await rows(cp1)
    assert.ok(all.every(({ etcd }) => etcd?.healthy))
  })

  test('a snapshot and the certificates make a new machine the cluster', async () => {
    const [snapshot, certificates, secret] = ['/root/last.db', '/root/shared.certs', '/root/passphrase']
    for (const machine of [cp1, w1])
      await machine.ok('sh', ['-c', `umask 077; cat > ${secret}`], { input: 'correct horse battery staple\n' })
    await cluster.ok(cp1, ['snapshot', 'save', snapshot])
    await cluster.ok(cp1, ['certs', 'export', certificates, '--passphrase-file', secret])
    for (const file of [snapshot, certificates]) {
      const input = await cp1.ok('base64', ['-w0', file])
      await w1.ok('sh', ['-c', `umask 077; base64 -d > ${file}`], { input })
    }
    // Two clusters with the same keys would take each other's machines for their own.
    await Promise.all([cp1.powerOff(), cp2.powerOff()])
    await cluster.ok(w1, ['certs', 'import', certificates, '--passphrase-file', secret])
    const told = await cluster.ok(w1, ['snapshot', 'restore', snapshot])
    const command = /^ +kobune (init .*)$/m.exec(told)![1]!.split(' ')
    await cluster.ok(w1, command)
    assert.match(await cluster.kubectl(w1, ['get', 'configmaps', '-o', 'name']), /configmap\/before/)
    const known = await rows(w1)
    assert.ok(known.some(({ name, etcd }) => name === 'w1' && etcd?.role === 'leader'))
  })
})
