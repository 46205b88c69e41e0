import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { readComponentConfig } from '../machinery/component-config.ts'
import { defaultKubeletConfiguration, kubeletConfigKind, unfollowed } from './configuration.ts'

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n'
const read = (text: string) => readComponentConfig(text, '/config.yaml', kubeletConfigKind)

test('a kubelet configuration as kubeadm writes it is read, with zeros as defaults', async () => {
  const text = `${head}authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
cpuManagerReconcilePeriod: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
  verbosity: 0
memorySwap: {}
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
`
  const { value, given, warnings } = await read(text)
  assert.deepEqual(warnings, [])
  assert.deepEqual(unfollowed(given), [])
  assert.equal(value.authentication.x509.clientCAFile, '/etc/kubernetes/pki/ca.crt')
  assert.equal(value.authentication.webhook.cacheTTL, '2m0s')
  assert.deepEqual([value.port, value.maxPods, value.healthzPort], [10250, 110, 10248])
  assert.equal(value.nodeStatusUpdateFrequency, '10s')
  assert.equal(value.serverTLSBootstrap, true)
})

test('unknown fields are named with their line, and wrong values are refused with theirs', async () => {
  const { warnings } = await read(`${head}maxPods: 5\nauthentication:\n  x509:\n    clientCaFile: /ca\n`)
  assert.deepEqual(warnings, ['/config.yaml:6: unknown field "authentication.x509.clientCaFile"; it is ignored'])
  await assert.rejects(read(`${head}maxPods: many\nclusterDNS: 10.96.0.10\n`), {
    message: '/config.yaml:3: maxPods: "many" is no int32\n/config.yaml:4: clusterDNS: "10.96.0.10" is no []string',
  })
  await assert.rejects(read(`${head}nodeStatusUpdateFrequency: soon\n`), /config.yaml:3: .*no duration/)
  await assert.rejects(read('apiVersion: v1\nkind: Pod\n'), /holds kind "Pod" of "v1"; kind: KubeletConfiguration/)
  await assert.rejects(read(`${head}maxPods: [1\n`), /config.yaml:\d+: /)
  await assert.rejects(read(''), /holds no fields/)
})

test('what is given and has no effect here can be told', async () => {
  const { given } = await read(`${head}evictionHard: { memory.available: 5% }\nfeatureGates: {}\nreadOnlyPort: 0\n`)
  assert.deepEqual(unfollowed(given), ['evictionHard'])
})

test('the configuration for all nodes is one that is read without a warning', async () => {
  const made = defaultKubeletConfiguration({ clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local' })
  const { value, warnings, given } = await read(stringify(made))
  assert.deepEqual([warnings, unfollowed(given)], [[], []])
  assert.deepEqual([value.clusterDNS, value.staticPodPath], [['10.96.0.10'], '/etc/kubernetes/manifests'])
})
