import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { leases } from '../../src/api/coordination/v1/lease.ts'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { isNotFound } from '../../src/machinery/status-error.ts'
import { isDetachedJws } from '../../src/pki/jws.ts'
import { type Apiserver, noEtcd, Plane } from './support/processes.ts'

const run = promisify(execFile)
const main = new URL('../../src/cli/main.ts', import.meta.url).pathname

if (noEtcd) test('control plane processes', { skip: noEtcd }, () => {})
else {
  let plane: Plane
  let api: Apiserver
  let manager: Awaited<ReturnType<Plane['startControllerManager']>>
  let scheduler: Awaited<ReturnType<Plane['startScheduler']>>

  before(async () => {
    plane = await Plane.prepare()
    // The API server first: it has to wait for etcd.
    const started = plane.startEtcd()
    ;[api] = await Promise.all([started.then(() => plane.startApiserver())])
    await plane.ready(api)
    manager = await plane.startControllerManager(api.server)
    scheduler = await plane.startScheduler(api.server)
  })
  after(() => plane?.[Symbol.asyncDispose]())

  const curl = async (url: string, ...more: string[]) =>
    (await run('curl', ['-sk', '-o', '-', '-w', '\n%{http_code}', ...more, url])).stdout.trim()

  test('with kubeadm flags the components lead, and a Deployment gets its pods placed', async () => {
    const { client } = api
    await client.create(nodes, { metadata: { name: 'n1' } })
    const status = {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
    }
    await client.patch(nodes, { name: 'n1' }, { status }, { subresource: 'status' })
    const labels = { app: 'x' }
    await client.create(deployments, {
      metadata: { name: 'x', namespace: 'default' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'c' }] } },
      },
    })
    await plane.until('two pods are placed', async () => {
      const { items } = await client.list(pods, { namespace: 'default', labelSelector: 'app=x' })
      return items.length === 2 && items.every(pod => pod.spec.nodeName === 'n1')
    })
    const node = await client.get(nodes, { name: 'n1' })
    assert.match(node.spec.podCIDR ?? '', /^10\.244\.\d+\.0\/24$/)
    for (const name of ['kube-controller-manager', 'kube-scheduler']) {
      const lease = await client.get(leases, { namespace: 'kube-system', name })
      assert.match(lease.spec.holderIdentity ?? '', /_[0-9a-f-]{36}$/)
    }
    // Written by the controller's own account.
    const [pod] = (await client.list(pods, { namespace: 'default', labelSelector: 'app=x' })).items
    assert.equal(pod?.metadata.ownerReferences?.[0]?.kind, 'ReplicaSet')
  })

  test('health is told to everybody, metrics to those who may read them', async () => {
    for (const { url } of [manager, scheduler]) {
      for (const path of ['/healthz', '/livez', '/readyz', '/livez/ping']) {
        assert.match(await curl(url + path), /ok\n200$/, path)
      }
      assert.match(await curl(`${url}/metrics`), /cannot get path "\/metrics"\s+403$/)
      assert.match(await curl(`${url}/metrics`, '-H', 'Authorization: Bearer nonsense'), /Unauthorized\s+401$/)
      const pair = [
        '--cert',
        plane.pki('apiserver-kubelet-client.crt'),
        '--key',
        plane.pki('apiserver-kubelet-client.key'),
      ]
      assert.match(await curl(`${url}/metrics`, ...pair), /403$/)
      const { admin } = await adminPair()
      assert.match(
        await curl(`${url}/metrics`, ...admin),
        /leader_election_master_status\{name="kube-[a-z-]+"\} 1[\s\S]*200$/,
      )
    }
  })

  /** The administrator's certificate as files for curl. */
  async function adminPair() {
    const { loadKubeconfig } = await import('../../src/client/kubeconfig.ts')
    const { writeFile } = await import('node:fs/promises')
    const { cert = '', key = '' } = await loadKubeconfig(api.kubeconfig)
    const files = [`${plane.folder}/admin.crt`, `${plane.folder}/admin.key`] as const
    await writeFile(files[0], cert)
    await writeFile(files[1], key, { mode: 0o600 })
    return { admin: ['--cert', files[0], '--key', files[1]] }
  }

  test('cluster-info is signed by a token as soon as it is there, and what an expired token owns goes with it', async () => {
    const { client } = api
    const kubeconfig = 'apiVersion: v1\nkind: Config\n'
    await client.create(configMaps, {
      metadata: { namespace: 'kube-public', name: 'cluster-info' },
      data: { kubeconfig },
    })
    const token = (id: string, seconds: number, usages: Record<string, string> = {}) =>
      client.create(secrets, {
        metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
        type: 'bootstrap.kubernetes.io/token',
        stringData: {
          'token-id': id,
          'token-secret': '0123456789abcdef',
          expiration: new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, ''),
          ...usages,
        },
      })
    await token('abcdef', 3, { 'usage-bootstrap-signing': 'true' })
    const signature = async () => {
      const { data } = await client.get(configMaps, { namespace: 'kube-public', name: 'cluster-info' })
      return data?.['jws-kubeconfig-abcdef']
    }
    const signed = await plane.until('it is signed', signature)
    assert.ok(isDetachedJws(signed, kubeconfig, 'abcdef', '0123456789abcdef'))

    const owner = await token('certs0', 3)
    const { uid, name } = owner.metadata
    await client.create(secrets, {
      metadata: {
        namespace: 'kube-system',
        name: 'kubeadm-certs',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name, uid, blockOwnerDeletion: true, controller: true }],
      },
    })
    await plane.until('the certificates are gone', () =>
      client.get(secrets, { namespace: 'kube-system', name: 'kubeadm-certs' }).then(() => false, isNotFound),
    )
    await plane.until('the signature is gone', async () => (await signature()) === undefined)
  })

  test('the API server keeps its state in a file of SQLite when it is told to, across a kill', async () => {
    const file = `${plane.folder}/state.db`
    const alone = await plane.startApiserver('127.0.0.1', { 'storage-backend': 'sqlite', 'sqlite-file': file })
    await plane.ready(alone)
    const key = { namespace: 'default', name: 'kept' }
    await alone.client.create(configMaps, { metadata: key })
    await alone.process.stop('SIGKILL')
    alone.process.again()
    await plane.ready(alone)
    assert.equal((await alone.client.get(configMaps, key)).metadata.name, 'kept')
    await alone.process.stop('SIGTERM')
    assert.equal(alone.process.exitCode, 0)
  })

  test('each component tells its flags, and which of them have no use here', async () => {
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      const { stdout } = await run(process.execPath, [main, name, '--help'])
      assert.match(stdout, new RegExp(`^Usage: kobune ${name} \\[flags\\]`))
      assert.match(stdout, /--secure-port=<number>\s+port to listen at \(default \d+\)/)
      assert.match(stdout, /--profiling: no effect: /)
    }
  })

  test('a mistake in the flags is told in one line, with what to do', async () => {
    for (const [flags, message] of [
      [
        { 'etcd-serverz': 'x' },
        /kobune: kube-apiserver: unknown flag: --etcd-serverz; did you mean --etcd-servers\?\n.*try: kobune kube-apiserver --help/,
      ],
      [{ 'audit-log-path': 'x' }, /--audit-log-path cannot be used: there is no audit log/],
      [{ 'enable-admission-plugins': 'AlwaysPullImages' }, /there is no such plugin/],
    ] as const) {
      const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
      const failed = await run(process.execPath, [main, 'kube-apiserver', ...words]).catch(error => error)
      assert.equal(failed.code, 2)
      assert.match(failed.stderr, message)
    }
  })
}
