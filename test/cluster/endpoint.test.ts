import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { adminConf, KubeadmCluster } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

const lacking =
  (await missing()) ||
  (spawnSync('haproxy', ['-v']).status !== 0 && 'HAProxy is not installed: apt-get install haproxy')
const port = 8443

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

  test('the endpoint is set only when every API server has its name', async () => {
    const endpoint = `${lb.address}:${port}`
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
