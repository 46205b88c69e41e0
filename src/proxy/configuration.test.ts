import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { readComponentConfig } from '../machinery/component-config.ts'
import { defaultKubeProxyConfiguration, kubeProxyConfigKind } from './configuration.ts'

const read = (text: string) => readComponentConfig(text, '/config.conf', kubeProxyConfigKind)

test('a proxy configuration as kubeadm writes it is read without a warning', async () => {
  const text = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 0
  contentType: ""
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
  qps: 0
clusterCIDR: 10.244.0.0/16
configSyncPeriod: 0s
conntrack:
  maxPerCore: null
  min: null
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables:
  masqueradeAll: false
kind: KubeProxyConfiguration
metricsBindAddress: ""
mode: ""
nodePortAddresses: null
`
  const { value, warnings } = await read(text)
  assert.deepEqual(warnings, [])
  assert.deepEqual(
    [value.mode, value.clusterCIDR, value.clientConnection.kubeconfig, value.healthzBindAddress],
    ['nftables', '10.244.0.0/16', '/var/lib/kube-proxy/kubeconfig.conf', '0.0.0.0:10256'],
  )
})

test('what is written for all nodes is one that is read, and an unknown mode is refused', async () => {
  const made = defaultKubeProxyConfiguration({ clusterCidr: '10.244.0.0/16' })
  assert.deepEqual((await read(stringify(made))).warnings, [])
  await assert.rejects(
    read(stringify({ ...made, mode: 'userspace' })),
    /config.conf:\d+: mode: Unsupported value: "userspace": supported values: "nftables", "iptables", "ipvs"/,
  )
})
