import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { adminConf, KubeadmCluster } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

const lacking =
  (await missing()) ||
  (spawnSync('haproxy', ['-v']).status !== 0 && 'HAProxy is not installed: apt-get install haproxy')
const port = 8443
const scenario = `${checkout}/test/cluster/rotation.scenario.ts`

describe('a cluster gets an endpoint later, behind HAProxy', { skip: lacking }, () => {
  let cluster: KubeadmCluster
  let [cp1, cp2, w1, lb] = [] as unknown as [Machine, Machine, Machine, Machine]
  let haproxy: Running | undefined
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'w1', 'lb')
    ;[cp1, cp2, w1, lb] = cluster.machines as [Machine, Machine, Machine, Machine]
    await cluster.init(cp1, ['--upload-certs'])
    await Promise.all([cluster.join(cp2, cluster.invitation!.controlPlane), cluster.join(w1)])
  })
  after(async () => {
    await haproxy?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })
  /** A request through HAProxy, with everything verified. */
  const through = () =>
    cluster.tryKubectl(cp1, [
      '--server',
      `https://${lb.address}:${port}`,
      '--tls-server-name',
      'kubernetes',
      'get',
      '--raw',
      '/version',
    ])

  test('the real HAProxy takes the configuration, and the API answers through it', async () => {
    const configuration = await cluster.ok(cp1, ['config', 'haproxy', '--bind-port', String(port)])
    assert.match(configuration, new RegExp(`server cp1 ${cp1.address}:6443\n.*server cp2 ${cp2.address}:6443`))
    await lb.ok('mkdir', ['-p', '/etc/haproxy'])
    const ca = await cp1.ok('cat', ['/etc/kubernetes/pki/ca.crt'])
    await lb.ok('sh', ['-c', 'cat > /etc/haproxy/kubernetes-ca.crt'], { input: ca })
    await lb.ok('sh', ['-c', 'cat > /etc/haproxy/kobune.cfg'], { input: configuration })
    await lb.ok('haproxy', ['-c', '-f', '/etc/haproxy/kobune.cfg'])
    haproxy = lb.spawn('haproxy', ['-db', '-f', '/etc/haproxy/kobune.cfg'])
    await until('the API answers through HAProxy', async () => {
      const { code, stderr } = await through()
      if (code !== 0) throw new Error(`${stderr}\n${haproxy!.output()}`)
      return true
    })
  })

  /** Clients of several kinds ask all the time; answers what failed, once they are told to stop. */
  async function clients(): Promise<() => Promise<void>> {
    await cluster.kubectl(cp1, ['run', 'client', '--image=registry.k8s.io/pause:3.10', '--image-pull-policy=Never'])
    await cluster.kubectl(cp1, ['wait', 'pod/client', '--for=condition=Ready', '--timeout=30s'], { timeout: 40_000 })
    await cluster.kubectl(cp1, ['create', 'clusterrole', 'nodes-look', '--verb=list', '--resource=nodes'])
    const account = ['--clusterrole=nodes-look', '--serviceaccount=default:default']
    await cluster.kubectl(cp1, ['create', 'clusterrolebinding', 'nodes-look', ...account])
    const uid = await cluster.kubectl(cp1, ['get', 'pod', 'client', '-o', 'jsonpath={.metadata.uid}'])
    await copyFile(cp1.file(adminConf), w1.file('/root/copy.conf'))
    const began = await readySince()
    const asking = w1.exec('sh', [`${checkout}/scripts/node.sh`, scenario, uid, 'direct'], { timeout: 120_000 })
    return async () => {
      // Each of them once more, after everything.
      await w1.ok('sleep', ['1'])
      await w1.ok('touch', ['/root/stop', '/root/stop-copy'])
      const { stdout, stderr } = await asking
      const { asked, failures } = JSON.parse(stdout.trim().split('\n').at(-1) || 'null') ?? assert.fail(stderr)
      assert.deepEqual(failures, [])
      for (const kind of ['copy', 'pod', 'direct']) assert.ok(asked[kind] > 20, JSON.stringify(asked))
      assert.deepEqual(await readySince(), began, 'a kubelet lost the API meanwhile')
    }
  }

  /** Since when each node is Ready. */
  const readySince = () =>
    cluster
      .kubectl(cp1, [
        'get',
        'nodes',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")]}{"\\n"}{end}',
      ])
      .then(text => text.replace(/"lastHeartbeatTime":"[^"]*",?/g, ''))

  test('the endpoint is set only when every API server has its name, and nobody who asks meanwhile notices', async () => {
    const endpoint = `${lb.address}:${port}`
    await cluster.ready(cp1, 3)
    const stopClients = await clients()
    const early = await cluster.kobune(cp1, ['config', 'endpoint', 'set', endpoint])
    assert.equal(early.code, 1, early.stdout)
    assert.match(early.stderr, /nothing is switched yet: the API servers of cp2 do not have the name/)
    assert.doesNotMatch(await cp1.ok('cat', [adminConf]), new RegExp(endpoint))

    await cluster.ok(cp2, ['config', 'endpoint', 'apply'])
    await until('cp2 shows the name', async () => {
      const { code, stderr } = await cluster.kobune(cp1, ['config', 'endpoint', 'set', endpoint])
      if (code !== 0) throw new Error(stderr)
      return true
    })
    assert.match(await cp1.ok('cat', [adminConf]), new RegExp(`https://${endpoint}`))
    const info = await cluster.kubectl(cp1, ['-n', 'kube-public', 'get', 'configmap', 'cluster-info', '-o', 'yaml'])
    assert.match(info, new RegExp(`https://${endpoint}`))
    assert.match(
      await cluster.ok(cp1, ['token', 'create', '--print-join-command']),
      new RegExp(`^kobune join ${endpoint} `),
    )
    for (const machine of [cp2, w1]) {
      await cluster.ok(machine, ['config', 'endpoint', 'apply'])
      assert.match(await machine.ok('cat', ['/etc/kubernetes/kubelet.conf']), new RegExp(`https://${endpoint}`))
    }
    await cluster.ready(cp1, 3)
    await stopClients()
    // Whoever keeps the old address reaches the cluster by it.
    await w1.ok('kubectl', [
      '--kubeconfig',
      '/root/copy.conf',
      '--server',
      `https://${cp1.address}:6443`,
      'get',
      'nodes',
    ])
  })

  test('an address at which nobody answers is refused', async () => {
    const { code, stderr } = await cluster.kobune(cp1, ['config', 'endpoint', 'set', `${lb.address}:9999`])
    assert.equal(code, 1)
    assert.match(stderr, /nothing is switched yet: the API of this cluster does not answer at/)
    assert.match(
      await cluster.kubectl(cp1, ['-n', 'kube-system', 'get', 'configmap', 'kubeadm-config', '-o', 'yaml']),
      new RegExp(`controlPlaneEndpoint: .*:${port}`),
    )
  })

  test('HAProxy goes on when an API server is killed', async () => {
    await cp2.ok('sh', [
      '-ec',
      `mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/
       for each in /proc/[0-9]*; do
         if tr '\\0' ' ' < $each/cmdline 2>/dev/null | grep -q '^[^ ]*node[^ ]* .*kube-apiserver '; then kill -9 \${each#/proc/}; fi
       done`,
    ])
    await until(
      'cp2 serves no API',
      async () => (await cp2.exec('busybox', ['nc', '-w', '1', cp2.address, '6443'], { input: '' })).code !== 0,
    )
    await until('the API answers through HAProxy', async () => (await through()).code === 0, { timeout: 10_000 })
    for (let i = 0; i < 10; i++) assert.equal((await through()).code, 0)
  })
})
