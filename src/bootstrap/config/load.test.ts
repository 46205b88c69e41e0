import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { kubernetesVersion } from '../../base/version.ts'
import { ConfigurationError } from './configuration-error.ts'
import type { MachineFacts } from './facts.ts'
import {
  configurationWithoutFile,
  type LoadKind,
  loadConfiguration,
  loadStoredCluster,
  readConfiguration,
} from './load.ts'
import { writeConfiguration } from './write.ts'

const facts: MachineFacts = {
  nodeName: 'n1',
  advertiseAddress: '192.168.7.2',
  criSocket: 'unix:///run/kobune/containerd/containerd.sock',
}
const load = (text: string, kind: LoadKind = 'init') => loadConfiguration(text, 'k.yaml', { kind, facts })

function problems(text: string, kind: LoadKind = 'init'): readonly string[] {
  try {
    load(text, kind)
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error))
    return error.problems
  }
  return []
}

const externalEtcd = `apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: stable
controlPlaneEndpoint: "lb.example.com:6443"
etcd:
    external:
        endpoints:
        - https://10.0.0.10:2379
        - https://10.0.0.11:2379
        - https://10.0.0.12:2379
        caFile: /etc/kubernetes/pki/etcd/ca.crt
        certFile: /etc/kubernetes/pki/apiserver-etcd-client.crt
        keyFile: /etc/kubernetes/pki/apiserver-etcd-client.key
`

test('a v1beta2 file with an external etcd, as high availability was set up in 2020', () => {
  const { init, cluster, warnings } = load(externalEtcd)
  assert.deepEqual(cluster!.etcd.external!.endpoints, [
    'https://10.0.0.10:2379',
    'https://10.0.0.11:2379',
    'https://10.0.0.12:2379',
  ])
  assert.equal(cluster!.etcd.local, undefined)
  assert.equal(cluster!.kubernetesVersion, kubernetesVersion.gitVersion)
  assert.equal(cluster!.controlPlaneEndpoint, 'lb.example.com:6443')
  assert.deepEqual(init!.localAPIEndpoint, { advertiseAddress: '192.168.7.2', bindPort: 6443 })
  assert.match(init!.bootstrapTokens[0]!.token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/)
  assert.deepEqual(warnings, ['k.yaml:3: stable is not looked up; it means the version that is installed'])
})

const old = `apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
bootstrapTokens:
- token: abcdef.0123456789abcdef
  ttl: 48h
localAPIEndpoint:
  advertiseAddress: 10.0.0.5
nodeRegistration:
  name: Master-1
  criSocket: /var/run/dockershim.sock
  kubeletExtraArgs:
    v: "4"
    node-labels: a=b
  taints: []
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.18.3
apiServer:
  timeoutForControlPlane: 6m0s
  extraArgs:
    z-last: "1"
    authorization-mode: Node,RBAC
  certSANs: [api.example.com, 10.0.0.100]
dns:
  type: kube-dns
useHyperKubeImage: true
networking:
  podSubnet: 10.32.0.0/12
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 50
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterStatus
apiEndpoints: {}
`

test('maps of arguments become sorted lists, and the timeout of the API server moves', () => {
  const { init, cluster, kubelet, warnings } = load(old)
  assert.deepEqual(cluster!.apiServer, {
    extraArgs: [
      { name: 'authorization-mode', value: 'Node,RBAC' },
      { name: 'z-last', value: '1' },
    ],
    certSANs: ['api.example.com', '10.0.0.100'],
  })
  assert.equal(init!.timeouts.controlPlaneComponentHealthCheck, '6m0s')
  assert.equal(init!.timeouts.discovery, '5m0s')
  assert.deepEqual(init!.nodeRegistration.kubeletExtraArgs, [
    { name: 'node-labels', value: 'a=b' },
    { name: 'v', value: '4' },
  ])
  assert.deepEqual(init!.nodeRegistration.taints, [])
  assert.equal(init!.nodeRegistration.name, 'master-1')
  assert.equal(init!.nodeRegistration.criSocket, 'unix:///var/run/dockershim.sock')
  assert.equal(kubelet!.maxPods, 50)
  assert.deepEqual(warnings, [
    'k.yaml:10: criSocket /var/run/dockershim.sock is read as unix:///var/run/dockershim.sock',
    'k.yaml:26: dns.type: "kube-dns" is not supported; the cluster gets CoreDNS',
    'k.yaml:27: useHyperKubeImage is ignored',
    'k.yaml:35: kubeadm.k8s.io/v1beta2 ClusterStatus is ignored',
    `kubernetesVersion: v1.18.3 is not what runs: this Kobune is Kubernetes ${kubernetesVersion.gitVersion}`,
  ])
})

test('what was read from an old version and written is read again as the same', () => {
  const first = load(old)
  const text = `${writeConfiguration('init', first.init!)}---\n${writeConfiguration('cluster', first.cluster!)}`
  const again = load(text)
  assert.deepEqual(again.init, first.init)
  assert.deepEqual(again.cluster, first.cluster)
  assert.equal(again.warnings.length, 1, 'of the version that is asked for')
  assert.match(text, /^apiVersion: kubeadm.k8s.io\/v1beta4\nkind: InitConfiguration\nbootstrapTokens:\n/)
})

test('a v1beta3 join of a control plane, with its timeout for discovery', () => {
  const { join } = load(
    `apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
discovery:
  bootstrapToken:
    token: abcdef.0123456789abcdef
    apiServerEndpoint: lb:6443
    caCertHashes: [sha256:${'a'.repeat(64)}]
  timeout: 7m0s
controlPlane:
  certificateKey: ${'0f'.repeat(32)}
skipPhases: [preflight]
`,
    'join',
  )
  assert.equal(join!.timeouts.discovery, '7m0s')
  assert.equal(join!.discovery.tlsBootstrapToken, 'abcdef.0123456789abcdef')
  assert.deepEqual(join!.controlPlane!.localAPIEndpoint, { advertiseAddress: '192.168.7.2', bindPort: 6443 })
  assert.deepEqual(join!.skipPhases, ['preflight'])
  assert.equal((join!.discovery as { timeout?: string }).timeout, undefined)
})

test('unknown fields are warned of with file, line and path; strict readers have them apart', () => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
networking:
  podSubnett: 10.0.0.0/16
encryptionAlgorithm: RSA-2048
etcd:
  local:
    extraArgs: {a: b}
    sans: [1]
`
  const expected = [
    'k.yaml:4: unknown field "networking.podSubnett" in v1beta3',
    'k.yaml:5: unknown field "encryptionAlgorithm" in v1beta3 (v1beta4 has it)',
    'k.yaml:9: unknown field "etcd.local.sans" in v1beta3',
  ]
  assert.deepEqual(load(text).warnings, expected)
  assert.deepEqual(readConfiguration(text, 'k.yaml').unknownFields, expected)
  assert.equal(load(text).cluster!.encryptionAlgorithm, 'ECDSA-P256')
})

test('wrong types say what was expected, and where', () => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
localAPIEndpoint:
  bindPort: "6443"
nodeRegistration:
  kubeletExtraArgs:
    v: 5
  taints: NoSchedule
skipPhases:
- 1
`
  assert.deepEqual(problems(text), [
    'k.yaml:4: localAPIEndpoint.bindPort: expected a whole number, found "6443"',
    'k.yaml:7: nodeRegistration.kubeletExtraArgs.v: expected text (put it in quotes), found 5',
    'k.yaml:8: nodeRegistration.taints: expected a list, found "NoSchedule"',
    'k.yaml:10: skipPhases[0]: expected text (put it in quotes), found 1',
  ])
})

test('texts that are no configuration are refused with the reason', () => {
  const wrong: readonly [string, RegExp, LoadKind?][] = [
    ['a: [', /^k.yaml:1: /],
    ['- 1', /k.yaml:1: this document has no fields/],
    ['kind: InitConfiguration', /apiVersion and kind are missing/],
    ['', /there is no InitConfiguration or ClusterConfiguration of kubeadm.k8s.io in this file/],
    [externalEtcd, /there is no JoinConfiguration/, 'join'],
    ['apiVersion: kubeadm.k8s.io/v1beta1\nkind: InitConfiguration', /v1beta1 is not supported; supported are v1beta2/],
    ['apiVersion: kubeadm.k8s.io/v1beta3\nkind: ResetConfiguration', /there is no kind ResetConfiguration/, 'reset'],
    [`${externalEtcd}---\n${externalEtcd}`, /k.yaml:15: ClusterConfiguration is there twice/],
    ['a'.repeat(1 << 21), /larger than 1 MiB/],
    [`apiVersion: a\nkind: b\nc: ${'['.repeat(100_000)}`, /nests deeper/],
    [`${' - '.repeat(3000)}x`, /nests deeper/],
    [
      `apiVersion: a\nkind: b\na: &a [x,x,x,x,x,x,x,x,x]\n${'abcdefg'
        .split('')
        .slice(1)
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`)
        .join('\n')}`,
      /alias/i,
    ],
  ]
  for (const [text, message, kind] of wrong) assert.match(problems(text, kind).join('\n'), message)
})

test('flags stand above the file for what may be mixed, and lists of both are kept', () => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration:
  name: other
  ignorePreflightErrors: [Swap]
`
  const flags = { init: { nodeRegistration: { name: 'mine', ignorePreflightErrors: ['Mem'] } } }
  const { init } = loadConfiguration(text, 'k.yaml', { kind: 'init', facts, flags })
  assert.equal(init!.nodeRegistration.name, 'mine')
  assert.deepEqual(init!.nodeRegistration.ignorePreflightErrors, ['Swap', 'Mem'])
})

test('without a file, a cluster has these settings', () => {
  const flags = { init: { bootstrapTokens: [{ token: 'abcdef.0123456789abcdef' }] } }
  const { init, cluster } = configurationWithoutFile({ kind: 'init', facts, flags })
  assert.deepEqual(parse(writeConfiguration('cluster', cluster!)), {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    apiServer: {},
    caCertificateValidityPeriod: '87600h0m0s',
    certificateValidityPeriod: '8760h0m0s',
    certificatesDir: '/etc/kubernetes/pki',
    clusterName: 'kubernetes',
    controlPlaneEndpoint: '',
    controllerManager: {},
    dns: {},
    encryptionAlgorithm: 'ECDSA-P256',
    etcd: { local: { dataDir: '/var/lib/etcd' } },
    imageRepository: 'kobune.io',
    kubernetesVersion: kubernetesVersion.gitVersion,
    networking: { dnsDomain: 'cluster.local', podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12' },
    proxy: {},
    scheduler: {},
  })
  assert.deepEqual(init!.bootstrapTokens, [
    {
      token: 'abcdef.0123456789abcdef',
      ttl: '24h0m0s',
      usages: ['signing', 'authentication'],
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
    },
  ])
  assert.throws(() => configurationWithoutFile({ kind: 'join', facts }), /bootstrapToken or file must be given/)
})

test('a stored configuration without a pod network keeps none', () => {
  const stored = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.33.1\n'
  assert.equal(loadStoredCluster(stored, 'kubeadm-config', facts).networking.podSubnet, '')
  assert.equal(load(stored).cluster!.networking.podSubnet, '10.244.0.0/16')
})

test('two families of Services get two pod networks', () => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
networking: {serviceSubnet: "10.96.0.0/16,fd00:10:96::/112"}
`
  assert.equal(load(text).cluster!.networking.podSubnet, '10.244.0.0/16,fd00:10:244::/56')
})
