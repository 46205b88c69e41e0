import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { defaultCluster } from './config/defaults.ts'
import { exampleFacts } from './config/facts.ts'
import { kubeletConfigMaps, readByKubeadm } from './config/for-kubeadm.ts'
import { loadStoredCluster } from './config/load.ts'
import { textToStore } from './stored-cluster.ts'

const cluster = defaultCluster(exampleFacts, {
  apiServer: {
    certSANs: ['api.example.com'],
    extraArgs: [
      { name: 'v', value: '2' },
      { name: 'audit-log-path', value: '-' },
    ],
    extraVolumes: [{ name: 'audit', hostPath: '/var/log/audit', mountPath: '/audit', readOnly: false }],
  },
})

test('an old kubeadm finds the configuration in its own version, and nothing of it is lost', () => {
  for (const version of ['v1beta2', 'v1beta3'] as const) {
    const text = textToStore(cluster, version)
    const stored = parse(text)
    assert.equal(stored.apiVersion, `kubeadm.k8s.io/${version}`)
    assert.deepEqual(stored.apiServer.extraArgs, { 'audit-log-path': '-', v: '2' })
    assert.equal(stored.encryptionAlgorithm, undefined)
    const back = loadStoredCluster(text, 'kubeadm-config', exampleFacts)
    assert.equal(textToStore(back, 'v1beta4'), textToStore({ ...cluster, apiServer: back.apiServer }, 'v1beta4'))
    assert.deepEqual(back.apiServer.extraVolumes, cluster.apiServer.extraVolumes)
  }
})

test('what an old version has no way to say is not stored in it', () => {
  assert.throws(
    () => textToStore({ ...cluster, encryptionAlgorithm: 'RSA-4096', proxy: { disabled: true } }, 'v1beta3'),
    /^ConfigurationError: v1beta3 has no way to say what the cluster has for .*encryptionAlgorithm/,
  )
  const twice = [
    { name: 'feature-gates', value: 'A=true' },
    { name: 'feature-gates', value: 'B=true' },
  ]
  assert.throws(
    () => textToStore({ ...cluster, scheduler: { extraArgs: twice } }, 'v1beta2'),
    /the argument feature-gates is given several times, which v1beta2 has no way to say/,
  )
})

test('what kubeadm reads depends on its version', () => {
  assert.deepEqual(readByKubeadm('v1.20.2'), { config: 'v1beta2', ownKubeletConfig: true })
  assert.deepEqual(readByKubeadm('1.22'), { config: 'v1beta3', ownKubeletConfig: true })
  assert.deepEqual(readByKubeadm('1.30'), { config: 'v1beta3', ownKubeletConfig: false })
  assert.deepEqual(readByKubeadm('1.36.1'), { config: 'v1beta4', ownKubeletConfig: false })
  assert.throws(() => readByKubeadm('newest'), /--for-kubeadm: "newest" is no version such as 1\.15/)
  assert.deepEqual(kubeletConfigMaps('v1.20.2'), ['kubelet-config-1.20', 'kubelet-config'])
  assert.deepEqual(kubeletConfigMaps('v1.36.0+kobune-0.1.0'), ['kubelet-config'])
})
