import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultCluster, defaultInit, defaultJoin, defaultReset, defaultUpgrade, type Given } from './defaults.ts'
import { exampleFacts as facts } from './facts.ts'
import type {
  ClusterConfiguration,
  InitConfiguration,
  JoinConfiguration,
  ResetConfiguration,
  UpgradeConfiguration,
} from './types.ts'
import { validate } from './validate.ts'

const errorsOf = (all: Parameters<typeof validate>[0]) => validate(all).errors.map(({ error }) => String(error))
const cluster = (given: Given<ClusterConfiguration>) => errorsOf({ cluster: defaultCluster(facts, given) })
const init = (given: Given<InitConfiguration>) => errorsOf({ init: defaultInit(facts, given) })
const join = (given: Given<JoinConfiguration>) => errorsOf({ join: defaultJoin(facts, given) })
const reset = (given: Given<ResetConfiguration>) => errorsOf({ reset: defaultReset(facts, given) })
const upgrade = (given: Given<UpgradeConfiguration>) => errorsOf({ upgrade: defaultUpgrade(facts, given) })

const pin = `sha256:${'a'.repeat(64)}`
const token = 'abcdef.0123456789abcdef'
const byToken = { token, apiServerEndpoint: 'lb:6443', caCertHashes: [pin] }
const external = { endpoints: ['https://e:2379'], caFile: '/ca', certFile: '/cert', keyFile: '/key' }

test('the defaults are valid', () => {
  assert.deepEqual([...cluster({}), ...init({}), ...reset({}), ...upgrade({})], [])
  assert.deepEqual(join({ discovery: { bootstrapToken: byToken } }), [])
})

const good: readonly [string, string[]][] = [
  ['two families', cluster({ networking: { serviceSubnet: '10.96.0.0/16,fd00::/112' } })],
  ['no pod network', cluster({ networking: { podSubnet: '' } })],
  ['external etcd', cluster({ etcd: { external } })],
  ['plain etcd', cluster({ etcd: { external: { endpoints: ['http://10.0.0.1:2379'] } } })],
  [
    'names',
    cluster({ apiServer: { certSANs: ['*.example.com', '::1', 'a'] }, controlPlaneEndpoint: '[fd00::1]:6443' }),
  ],
  [
    'a small pod network that nobody divides',
    cluster({
      networking: { podSubnet: '10.1.0.0/28' },
      controllerManager: { extraArgs: [{ name: 'allocate-node-cidrs', value: 'false' }] },
    }),
  ],
  ['a file', join({ discovery: { file: { kubeConfigPath: 'https://a/b' }, tlsBootstrapToken: token } })],
  ['no pin', join({ discovery: { bootstrapToken: { ...byToken, caCertHashes: [], unsafeSkipCAVerification: true } } })],
  ['a token for ever', init({ bootstrapTokens: [{ token, ttl: '0s' }] })],
]

const bad: readonly [RegExp, string[]][] = [
  [
    /serviceSubnet: .*host|serviceSubnet: .*network such as/,
    cluster({ networking: { serviceSubnet: '10.96.0.1/12' } }),
  ],
  [/at most 20 bits/, cluster({ networking: { serviceSubnet: '10.0.0.0/8', podSubnet: '192.168.0.0/16' } })],
  [/at least 10 addresses/, cluster({ networking: { serviceSubnet: '10.96.0.0/29' } })],
  [/different families/, cluster({ networking: { serviceSubnet: '10.96.0.0/16,10.97.0.0/16' } })],
  [
    /podSubnet: .*no room for networks of nodes with the mask \/24/,
    cluster({ networking: { podSubnet: '10.1.0.0/25' } }),
  ],
  [/podSubnet: .*16 bits larger/, cluster({ networking: { podSubnet: 'fd00::/40' } })],
  [/podSubnet: .*overlaps networking.serviceSubnet/, cluster({ networking: { podSubnet: '10.96.0.0/16' } })],
  [/dnsDomain/, cluster({ networking: { dnsDomain: 'A_b' } })],
  [/apiServer.certSANs\[1\]/, cluster({ apiServer: { certSANs: ['ok', 'a b'] } })],
  [/etcd.local.peerCertSANs\[0\]/, cluster({ etcd: { local: { peerCertSANs: ['*'] } } })],
  [/etcd: .*exclude each other/, cluster({ etcd: { local: { dataDir: '/a' }, external } })],
  [/endpoints\[0\]: .*must be https where/, cluster({ etcd: { external: { ...external, endpoints: ['http://a'] } } })],
  [/endpoints: Required value/, cluster({ etcd: { external: { ...external, endpoints: [] } } })],
  [/given together/, cluster({ etcd: { external: { ...external, keyFile: '' } } })],
  [/caFile: Required/, cluster({ etcd: { external: { ...external, caFile: '' } } })],
  [/certFile: .*absolute/, cluster({ etcd: { external: { ...external, certFile: 'pki/a' } } })],
  [/certificatesDir: .*absolute/, cluster({ certificatesDir: 'pki' })],
  [/controlPlaneEndpoint: .*65535/, cluster({ controlPlaneEndpoint: 'lb:70000' })],
  [/controlPlaneEndpoint/, cluster({ controlPlaneEndpoint: 'https://lb:6443' })],
  [/controlPlaneEndpoint/, cluster({ controlPlaneEndpoint: '1.2.3.999:6443' })],
  [/imageRepository/, cluster({ imageRepository: 'https://a' })],
  [/kubernetesVersion/, cluster({ kubernetesVersion: '1.x' })],
  [/featureGates.Nope: Unsupported value/, cluster({ featureGates: { Nope: true } })],
  [/encryptionAlgorithm: Unsupported/, cluster({ encryptionAlgorithm: 'RSA-1024' as 'RSA-2048' })],
  [/certificateValidityPeriod/, cluster({ certificateValidityPeriod: '0s' })],
  [/apiServer.extraArgs\[0\].name: Required/, cluster({ apiServer: { extraArgs: [{ name: '', value: 'a' }] } })],
  [/advertiseAddress/, init({ localAPIEndpoint: { advertiseAddress: 'host' } })],
  [/bindPort/, init({ localAPIEndpoint: { bindPort: 65_536 } })],
  [/certificateKey: Invalid value: must be 64/, init({ certificateKey: 'abc' })],
  [/nodeRegistration.name/, init({ nodeRegistration: { name: 'a_b' } })],
  [/criSocket/, init({ nodeRegistration: { criSocket: 'tcp://a' } })],
  [/imagePullPolicy: Unsupported/, init({ nodeRegistration: { imagePullPolicy: 'Often' } })],
  [/'all' cannot/, init({ nodeRegistration: { ignorePreflightErrors: ['Swap', 'ALL'] } })],
  [/taints\[0\].effect/, init({ nodeRegistration: { taints: [{ key: 'a', effect: 'No' }] } })],
  [
    /bootstrapTokens\[0\].ttl: Forbidden/,
    init({ bootstrapTokens: [{ token, ttl: '1h', expires: '2030-01-01T00:00:00Z' }] }),
  ],
  [/bootstrapTokens\[0\].groups: Forbidden/, init({ bootstrapTokens: [{ token, usages: ['signing'] }] })],
  [/groups\[0\]/, init({ bootstrapTokens: [{ token, groups: ['system:masters'] }] })],
  [/usages\[0\]: Unsupported/, init({ bootstrapTokens: [{ token, usages: ['all', 'authentication'] }] })],
  [/discovery: .*must be given/, join({})],
  [/exclude each other/, join({ discovery: { bootstrapToken: byToken, file: { kubeConfigPath: '/a' } } })],
  [/apiServerEndpoint: .*host:port/, join({ discovery: { bootstrapToken: { ...byToken, apiServerEndpoint: 'lb' } } })],
  [/caCertHashes: Required/, join({ discovery: { bootstrapToken: { ...byToken, caCertHashes: [] } } })],
  [/caCertHashes\[0\]/, join({ discovery: { bootstrapToken: { ...byToken, caCertHashes: ['md5:a'] } } })],
  [/kubeConfigPath/, join({ discovery: { file: { kubeConfigPath: 'http://a/b' } } })],
  [/tlsBootstrapToken/, join({ discovery: { file: { kubeConfigPath: '/a' }, tlsBootstrapToken: 'x' } })],
  [/caCertPath: .*\.crt/, join({ discovery: { bootstrapToken: byToken }, caCertPath: '/a/ca.pem' })],
  [/unmountFlags\[0\]: Unsupported/, reset({ unmountFlags: ['MNT_HARD'] })],
  [/apply.patches.directory/, upgrade({ apply: { patches: { directory: 'here' } } })],
]

test('what kubeadm accepts is accepted', () => {
  for (const [what, errors] of good) assert.deepEqual(errors, [], what)
})

test('each rule names the field it is about', () => {
  for (const [message, errors] of bad) assert.match(errors.join('\n'), message)
})

test('all errors are told at once', () => {
  assert.equal(cluster({ networking: { serviceSubnet: 'a', dnsDomain: '-' }, certificatesDir: 'b' }).length, 3)
})

test('errors about tokens and keys do not repeat them', () => {
  const secret = 'abcdef.sosecretthattoldX'
  const all = [...init({ bootstrapTokens: [{ token: secret }], certificateKey: 'cafe' })].join()
  assert.match(all, /token: Invalid value: must be 6 and 16/)
  assert.ok(!all.includes('sosecret') && !all.includes('cafe'))
})

test('long periods, old networks and fixed features are only warned of', () => {
  const made = defaultCluster(facts, {
    certificateValidityPeriod: '9000h0m0s',
    featureGates: { RootlessControlPlane: true, EtcdLearnerMode: true },
    networking: { serviceSubnet: '10.96.0.0/12', podSubnet: 'fec0:1::/56' },
  })
  const { errors, warnings } = validate({ cluster: made })
  assert.deepEqual(errors, [])
  assert.deepEqual(warnings, [
    'certificateValidityPeriod: 9000h0m0s is longer than the usual 8760h',
    'featureGates.RootlessControlPlane: it is always off here',
    'networking: fec0:1::/56 is in the deprecated site-local range fec0::/10',
  ])
})
