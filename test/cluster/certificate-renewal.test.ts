import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { KubeadmCluster, says } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

/** Seconds that a certificate lives, and that are looked at: more than three lives. */
const life = 40
const watched = 125

const configuration = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
certificateValidityPeriod: ${life}s
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
serverTLSBootstrap: true
`

describe(`a cluster whose certificates live ${life} seconds`, { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let cp: Machine
  let worker: Machine
  let containers: string
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'w1')
    ;[cp, worker] = cluster.machines as [Machine, Machine]
    await writeFile(cp.file('/root/kubeadm.yaml'), configuration)
    await cluster.init(cp, ['--config', '/root/kubeadm.yaml'])
    await cluster.join(worker)
    await cluster.ready(cp, 2)
    await until('the serving certificates of both kubelets are there', async () =>
      /kubelet-serving.*Approved,Issued[\s\S]*kubelet-serving.*Approved,Issued/.test(
        await cluster.kubectl(cp, ['get', 'csr']),
      ),
    )
    // Nodes are Ready before the last of their parts runs: kube-proxy on the worker, and the DNS.
    await until('every container of the system runs and is ready', async () => {
      containers = await started()
      const lines = containers.trim().split('\n')
      const names = new Set(lines.map(line => line.split(' ')[0]))
      if (names.size === 6 && lines.length >= 8 && lines.every(line => line.endsWith(' true'))) return true
      throw new Error(containers)
    })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** Each container of the system: which one runs, how often another ran before it, and whether it is ready. */
  const started = () =>
    cluster.kubectl(cp, [
      'get',
      'pods',
      '-n',
      'kube-system',
      '-o',
      'jsonpath={range .items[*].status.containerStatuses[*]}{.name} {.containerID} {.restartCount} {.ready}{"\\n"}{end}',
    ])

  test('lives through more than three lives of them: nobody shows an expired one, no request fails', async t => {
    const scenario = `${checkout}/test/cluster/renewal.scenario.ts`
    const words = ['--disable-warning=ExperimentalWarning', scenario, String(watched), cp.address, worker.address]
    const text = await cp.ok(process.execPath, words, { timeout: (watched + 60) * 1000 })
    const { requests, failures, seen } = JSON.parse(text.trim().split('\n').at(-1)!) as {
      readonly requests: number
      readonly failures: readonly string[]
      readonly seen: Readonly<Record<string, readonly string[]>>
    }
    t.diagnostic(
      `${requests} requests; certificates seen: ${JSON.stringify(Object.entries(seen).map(([n, s]) => [n, s.length]))}`,
    )
    assert.equal(failures.length, 0, `${failures.slice(0, 20).join('\n')}\n${failures.length ? await says(cp) : ''}`)
    for (const name of ['API server', 'etcd for clients', 'etcd for peers', 'kubelet 0', 'kubelet 1'])
      assert.ok(seen[name]!.length > 3, `${name} had ${seen[name]?.length} certificates`)
    assert.ok(requests > 200)
  })

  test('restarts no container, and all parts still work', async () => {
    assert.equal(await started(), containers)
    // A controller, a token of an account, the authority that pods trust, and the scheduler.
    await cluster.kubectl(cp, ['create', 'namespace', 'renewed'])
    await until('the controllers have prepared the namespace', () =>
      cluster.kubectl(cp, ['get', '-n', 'renewed', 'configmap/kube-root-ca.crt', 'serviceaccount/default']).then(
        () => true,
        () => false,
      ),
    )
    await cluster.kubectl(cp, ['create', 'deployment', '-n', 'renewed', 'x', '--image', 'kobune.io/none:1'])
    await until('a pod has been given a node', async () =>
      (await cluster.kubectl(cp, ['get', 'pods', '-n', 'renewed', '-o', 'jsonpath={..nodeName}'])).includes('w1'),
    )
  })

  test('tells of it: events, numbers, and when they end', async () => {
    const events = await cluster.kubectl(cp, ['get', 'events', '--field-selector', 'involvedObject.kind=Node'])
    assert.match(events, /Normal +CertificateRenewed +node\/cp1 .*is renewed; the former expires at/)
    const numbers = await cluster.kubectl(cp, ['get', '--raw', '/api/v1/nodes/cp1/proxy/metrics'])
    const [, ends] = /^kobune_certificate_expiration_timestamp_seconds\{certificate="apiserver"\} (\d+)$/m.exec(
      numbers,
    )!
    assert.ok(Number(ends) > Date.now() / 1000)
    const table = await cluster.ok(cp, ['certs', 'check-expiration'])
    assert.doesNotMatch(table, /<invalid>|MISSING/)
  })
})
