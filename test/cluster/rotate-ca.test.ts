import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { caHash } from '../../src/pki/ca-hash.ts'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { busybox, kobune } from './support/cluster.ts'
import { adminConf, KubeadmCluster, onAll, says } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

const scenario = `${checkout}/test/cluster/rotation.scenario.ts`
const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const

interface Told {
  readonly asked: Readonly<Record<string, number>>
  readonly failures: readonly string[]
}

describe('all authorities of three control plane machines and a worker', { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let controlPlane: readonly Machine[]
  let first: Machine
  let worker: Machine
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'cp3', 'w1')
    controlPlane = cluster.machines.slice(0, 3)
    first = controlPlane[0]!
    worker = cluster.machines[3]!
    await writeFile(
      first.file('/root/kubeadm.yaml'),
      `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
serverTLSBootstrap: true
`,
    )
    await cluster.init(first, ['--config', '/root/kubeadm.yaml', '--upload-certs'])
    await Promise.all([
      ...controlPlane.slice(1).map(machine => cluster.join(machine, cluster.invitation!.controlPlane)),
      cluster.join(worker),
    ])
    await cluster.ready(first, 4)
    await cluster.busybox(worker)
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** The step that the rotation is at; empty when there is none. */
  const at = async () =>
    (
      await cluster.tryKubectl(first, [
        'get',
        'cm',
        '-n',
        'kube-system',
        'kobune-ca-rotation',
        '-o',
        'jsonpath={.data.at}',
      ])
    ).stdout
  const pem = (machine: Machine, name: string) => readFile(machine.file(`/etc/kubernetes/pki/${name}`), 'utf8')

  test('are replaced while clients ask without a pause, and none of them fails', async t => {
    const before = await pem(first, 'ca.crt')
    await cluster.kubectl(first, [
      'create',
      'clusterrolebinding',
      'pods-look',
      '--clusterrole=view',
      '--serviceaccount=default:default',
    ])
    await cluster.kubectl(first, ['create', 'clusterrole', 'nodes-look', '--verb=list', '--resource=nodes'])
    await cluster.kubectl(first, [
      'create',
      'clusterrolebinding',
      'nodes-look',
      '--clusterrole=nodes-look',
      '--serviceaccount=default:default',
    ])
    await cluster.kubectl(first, [
      'run',
      'client',
      `--image=${busybox}`,
      '--image-pull-policy=Never',
      '--',
      'sleep',
      '3600',
    ])
    await cluster.kubectl(first, ['wait', 'pod/client', '--for=condition=Ready', '--timeout=30s'], { timeout: 40_000 })
    const uid = await cluster.kubectl(first, ['get', 'pod', 'client', '-o', 'jsonpath={.metadata.uid}'])
    const token = await cluster.kubectl(first, ['create', 'token', 'default'])
    await copyFile(first.file(adminConf), worker.file('/root/copy.conf'))
    await copyFile(first.file(adminConf), first.file('/root/copy.conf'))
    const plan = await cluster.ok(first, ['certs', 'rotate-ca', 'all', '--dry-run'])
    assert.match(plan, /1\. trust: .*\n {2}2\. restart-etcd cp1[\s\S]*11\. restart-etcd cp3/)

    const clients = worker.exec(node[0], [node[1], scenario, uid], { timeout: 300_000 })
    const began = Date.now()
    const rotating = cluster.kobune(first, ['certs', 'rotate-ca', 'all', '--settle', '12s', '--timeout', '90s'], {
      timeout: 280_000,
    })
    let over = false
    void rotating.finally(() => (over = true))
    // Copies of kubeconfigs are good until API servers show the new authority.
    await until(
      'the step before "serve"',
      async () => {
        if (over) return true
        return Number(await at()) >= 5
      },
      { timeout: 240_000 },
    )
    await writeFile(worker.file('/root/stop-copy'), '')
    const { code, stdout, stderr } = await rotating
    t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s\n${stderr}`)
    await writeFile(worker.file('/root/stop'), '')
    assert.equal(code, 0, `${stdout}${stderr}${code === 0 ? '' : await says(first)}`)
    const ended = await clients
    assert.equal(ended.code, 0, ended.stderr)
    const told = JSON.parse(ended.stdout.trim().split('\n').at(-1)!) as Told
    t.diagnostic(JSON.stringify(told.asked))
    assert.deepEqual(told.failures, [])
    assert.ok(told.asked.copy! > 20 && told.asked.pod! > 20)

    const after = await pem(first, 'ca.crt')
    assert.notEqual(caHash(after), caHash(before))
    assert.match(await cluster.ok(first, ['token', 'create', '--print-join-command']), new RegExp(caHash(after)))
    const old = await first.exec('kubectl', ['--kubeconfig', '/root/copy.conf', 'get', 'nodes'])
    assert.match(old.stderr, /certificate signed by unknown authority/)
    const { stderr: refused } = await cluster.tryKubectl(first, [
      '--token',
      token.trim(),
      '--kubeconfig',
      '/dev/null',
      '--server',
      `https://${first.address}:6443`,
      '--insecure-skip-tls-verify',
      'get',
      'nodes',
    ])
    assert.match(refused, /must be logged in|Unauthorized/)
  })

  test('leave nothing of the old behind on any machine', async () => {
    const [ca, etcdCa, frontProxyCa, sa] = await Promise.all(
      ['ca.crt', 'etcd/ca.crt', 'front-proxy-ca.crt', 'sa.pub'].map(name => pem(first, name)),
    )
    await onAll(controlPlane, async machine => {
      assert.equal(await pem(machine, 'ca.crt'), ca)
      assert.equal(await pem(machine, 'sa.pub'), sa)
      const signed = { 'apiserver.crt': ca, 'apiserver-kubelet-client.crt': ca, 'front-proxy-client.crt': frontProxyCa }
      const ofEtcd = ['etcd/server.crt', 'etcd/peer.crt', 'apiserver-etcd-client.crt'].map(
        name => [name, etcdCa] as const,
      )
      for (const [name, authority] of [...Object.entries(signed), ...ofEtcd]) {
        assert.ok(new X509Certificate(await pem(machine, name)).verify(new X509Certificate(authority!).publicKey), name)
      }
      assert.equal((await machine.exec('test', ['-e', '/etc/kubernetes/pki/rotation'])).code, 1)
    })
    const issuer = new X509Certificate(ca!).publicKey
    await onAll(cluster.machines, async machine => {
      for (const name of ['client', 'server']) {
        const kubelet = await readFile(machine.file(`/var/lib/kubelet/pki/kubelet-${name}-current.pem`), 'utf8')
        assert.ok(new X509Certificate(kubelet).verify(issuer), `${machine.name}: ${name}`)
      }
    })
    assert.equal(await pem(worker, 'ca.crt'), ca)
    await cluster.ready(first, 4)
    const maps = await cluster.kubectl(first, ['get', 'cm', '-A', '-o', 'jsonpath={range .items[*]}{.data}{end}'])
    assert.equal(maps.match(/kobune-ca-rotation/g), null)
    assert.match(await first.ok(kobune, ['certs', 'check-expiration']), /^kubelet-serving +/m)
  })

  test('are replaced to the end from another machine when the one that led has died', async () => {
    const [, second] = controlPlane
    const before = await pem(first, 'front-proxy-ca.crt')
    const leading = first.spawn(kobune, ['certs', 'rotate-ca', 'front-proxy-ca', '--settle', '100s'])
    await until(
      'all trust the new one',
      async () => (await pem(second!, 'front-proxy-ca.crt')).split('BEGIN').length === 3,
    )
    await leading[Symbol.asyncDispose]()
    assert.equal(await at(), '0')
    const other = await cluster.kobune(second!, ['certs', 'rotate-ca', 'ca'])
    assert.match(other.stderr, /a rotation of front-proxy-ca is under way, at "trust"/)
    const { stderr } = await cluster.kobune(second!, ['certs', 'rotate-ca', 'front-proxy-ca', '--settle', '0s'])
    assert.match(stderr, /Going on with the rotation/)
    const after = await pem(first, 'front-proxy-ca.crt')
    assert.notEqual(caHash(after), caHash(before))
    assert.equal(after.split('BEGIN').length, 2)
    assert.equal(await at(), '')
    const client = new X509Certificate(await pem(controlPlane[2]!, 'front-proxy-client.crt'))
    assert.ok(client.verify(new X509Certificate(after).publicKey))
  })
})
