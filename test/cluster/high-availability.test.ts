import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { busybox } from './support/cluster.ts'
import { KubeadmCluster, onAll } from './support/kubeadm-cluster.ts'
import { until } from './support/until.ts'

describe('three control plane machines and two workers', { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let controlPlane: readonly Machine[]
  let workers: readonly Machine[]
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'cp3', 'w1', 'w2')
    controlPlane = cluster.machines.slice(0, 3)
    workers = cluster.machines.slice(3)
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  test('come up from bare machines, joined at the same time', async t => {
    const [first, ...others] = controlPlane
    const began = Date.now()
    await cluster.init(first!, ['--upload-certs'])
    const one = Date.now()
    await Promise.all([
      ...others.map(machine => cluster.join(machine, cluster.invitation!.controlPlane)),
      ...workers.map(machine => cluster.join(machine)),
    ])
    await cluster.ready(first!, 5)
    const seconds = (from: number) => ((Date.now() - from) / 1000).toFixed(1)
    t.diagnostic(`first machine ${((one - began) / 1000).toFixed(1)} s; all five Ready after ${seconds(began)} s`)
  })

  test('pods talk across machines, and to Services by name', async () => {
    const [first] = controlPlane
    await cluster.busybox(...workers)
    await cluster.kubectl(first!, ['apply', '-f', '-'], { input: web })
    await cluster.kubectl(first!, ['rollout', 'status', 'daemonset/web', '--timeout', '60s'], { timeout: 70_000 })
    const text = await cluster.kubectl(first!, [
      'get',
      'pods',
      '-l',
      'app=web',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{"\\n"}{end}',
    ])
    const pods = text
      .trim()
      .split('\n')
      .map(line => line.split(' '))
    assert.deepEqual(pods.map(([, , node]) => node).sort(), ['w1', 'w2'])
    for (const [from] of pods) {
      for (const [, to] of pods) {
        const answer = await cluster.kubectl(first!, ['exec', from!, '--', 'ping', '-c', '1', '-W', '5', to!])
        assert.match(answer, /1 packets received/)
      }
      const get = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 web 80"
      await until('the Service answers by its name', async () =>
        /hello/.test(await cluster.kubectl(first!, ['exec', from!, '--', 'sh', '-c', get])),
      )
    }
  })

  test('every machine of the control plane has its own API server and member of etcd', async () => {
    const addresses = controlPlane.map(({ address }) => address)
    for (const machine of controlPlane) {
      const endpoints = await until('all API servers are endpoints', async () => {
        const text = await cluster.kubectl(machine, [
          'get',
          'endpoints',
          'kubernetes',
          '-o',
          'jsonpath={.subsets[*].addresses[*].ip}',
        ])
        return text.split(' ').length === 3 && text
      })
      assert.deepEqual(endpoints.split(' ').sort(), addresses)
    }
    // Nodes are Ready before the last of their parts is; what is promised is that all of it comes.
    await until('every kubelet has its certificate', async () => {
      const csrs = await cluster.kubectl(controlPlane[0]!, ['get', 'csr'])
      assert.equal(csrs.match(/kube-apiserver-client-kubelet.*Approved,Issued/g)?.length, 4)
      return true
    })
    await until('every API server is ready', async () => {
      const statuses = await onAll(controlPlane, machine =>
        machine.ok('kubectl', [
          '--kubeconfig',
          '/etc/kubernetes/admin.conf',
          '--server',
          `https://${machine.address}:6443`,
          'get',
          '--raw',
          '/readyz',
        ]),
      )
      assert.deepEqual(statuses, ['ok', 'ok', 'ok'])
      return true
    })
    // Exit code 0: all is well.
    await until('status says that all is well', async () => {
      const own = await cluster.ok(controlPlane[1]!, ['status'])
      assert.match(own, /✓ +etcd|✓ +kube-apiserver/)
      assert.match(await cluster.ok(workers[0]!, ['status']), /✓ +node +w1 is Ready/)
      return true
    })
  })
})

const web = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: ${busybox}
        command: [sh, -c, "mkdir -p /tmp/www; echo hello > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"]
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
`
