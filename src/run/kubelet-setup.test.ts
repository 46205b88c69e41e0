import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFlags } from '../base/flags.ts'
import { recordingHost } from '../host/recording-host.ts'
import { kubeletFlags } from './flags/kubelet.ts'
import { kubeletSetup } from './kubelet-setup.ts'

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n'

function setup(words: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const { given, said } = parseFlags(kubeletFlags, words)
  return kubeletSetup(recordingHost({ files }), given, said)
}

test("the machine's own file is merged over the configuration of all nodes, and flags over both", async () => {
  const files = {
    '/k/config.yaml': `${head}maxPods: 50\nclusterDNS: [10.96.0.10]\nsystemReserved: { cpu: 100m }\nregisterNode: true\n`,
    '/k/instance-config.yaml': `${head}containerRuntimeEndpoint: unix:///run/other.sock\nmaxPods: 60\n`,
  }
  const words = [
    '--config=/k/config.yaml',
    '--cluster-dns=10.0.0.2,10.0.0.3',
    '--register-node=false',
    '--system-reserved=memory=1Gi',
    '--register-with-taints=a=b:NoSchedule,c:NoExecute',
    '--hostname-override=Node-1',
  ]
  const { config, criSocket, taints, nodeName, warnings, balancer } = await setup(words, files)
  assert.deepEqual([config.maxPods, config.clusterDNS, config.registerNode], [60, ['10.0.0.2', '10.0.0.3'], false])
  assert.deepEqual(config.systemReserved, { cpu: '100m', memory: '1Gi' })
  assert.equal(criSocket, '/run/other.sock')
  assert.deepEqual(taints, [
    { key: 'a', value: 'b', effect: 'NoSchedule' },
    { key: 'c', effect: 'NoExecute' },
  ])
  assert.deepEqual([nodeName, warnings], ['node-1', []])
  assert.deepEqual(balancer, { host: '127.0.0.1', port: 7445 })
})

test('what cannot be as it is said is refused with the words that say it', async () => {
  await assert.rejects(setup(['--max-pods=many']), /maxPods: "many" is no int32/)
  await assert.rejects(setup(['--authorization-mode=Maybe']), /authorization.mode: Unsupported value: "Maybe"/)
  await assert.rejects(setup(['--register-with-taints=nonsense']), /"nonsense" is not key=value:effect/)
  await assert.rejects(setup(['--container-runtime-endpoint=tcp://1.2.3.4:5']), /no unix socket/)
  await assert.rejects(setup(['--hostname-override=a_b']), /"a_b" can be no node's name/)
  await assert.rejects(setup(['--api-balancer=7445']), /--api-balancer: "7445" is no address/)
  await assert.rejects(setup(['--config=/none.yaml']), /none\.yaml/)
})

test('fields that nothing follows are named once, and the balancer can be turned off', async () => {
  const files = { '/config.yaml': `${head}evictionHard: { memory.available: 5% }\nmaxPod: 3\n` }
  const { warnings, balancer } = await setup(['--config=/config.yaml', '--api-balancer=off'], files)
  assert.deepEqual(warnings, [
    '/config.yaml:4: unknown field "maxPod"; it is ignored',
    '/config.yaml: fields without effect here: evictionHard',
  ])
  assert.equal(balancer, undefined)
})
