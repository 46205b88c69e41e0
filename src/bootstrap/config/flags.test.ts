import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configKinds, type Fields } from './fields.ts'
import { checkBesideConfig, configFlags, flagsToConfiguration } from './flags.ts'

test('flags of init fill both of its kinds', () => {
  const made = flagsToConfiguration('init', {
    apiserverAdvertiseAddress: '10.0.0.1',
    apiserverBindPort: '8443',
    apiserverCertExtraSans: ['a,b', 'c'],
    podNetworkCidr: '10.1.0.0/16',
    featureGates: ['PublicKeysECDSA=true'],
    token: 'abcdef.0123456789abcdef',
    tokenTtl: '0',
    skipPhases: ['addon/kube-proxy,certs'],
    dryRun: true,
    nodeName: undefined,
  })
  assert.deepEqual(made, {
    init: {
      localAPIEndpoint: { advertiseAddress: '10.0.0.1', bindPort: 8443 },
      skipPhases: ['addon/kube-proxy', 'certs'],
      dryRun: true,
      bootstrapTokens: [{ token: 'abcdef.0123456789abcdef', ttl: '0s' }],
    },
    cluster: {
      apiServer: { certSANs: ['a', 'b', 'c'] },
      networking: { podSubnet: '10.1.0.0/16' },
      featureGates: { PublicKeysECDSA: true },
    },
  })
  assert.throws(
    () => flagsToConfiguration('init', { apiserverBindPort: 'x' }),
    /--apiserver-bind-port: "x" is no whole/,
  )
  assert.throws(() => flagsToConfiguration('init', { featureGates: ['A'] }), /--feature-gates: "A" is not of the form/)
})

test('join --token is both tokens; flags of an API server mean nothing on a worker', () => {
  const token = 'abcdef.0123456789abcdef'
  const given = { endpoint: 'lb:6443', token, discoveryTokenCaCertHash: ['sha256:a'], apiserverBindPort: '1' }
  const discovery = {
    bootstrapToken: { token, apiServerEndpoint: 'lb:6443', caCertHashes: ['sha256:a'] },
    tlsBootstrapToken: token,
  }
  assert.deepEqual(flagsToConfiguration('join', given), { join: { discovery } })
  assert.deepEqual(flagsToConfiguration('join', { ...given, controlPlane: true }), {
    join: { discovery, controlPlane: { localAPIEndpoint: { bindPort: 1 } } },
  })
})

test('only some flags may stand beside --config', () => {
  checkBesideConfig({ podNetworkCidr: '10.0.0.0/16' })
  checkBesideConfig({
    config: 'a',
    nodeName: 'b',
    skipTokenPrint: true,
    uploadCerts: true,
    ignorePreflightErrors: ['x'],
  })
  assert.throws(() => checkBesideConfig({ config: 'a', podNetworkCidr: 'b', certificateKey: 'c' }), {
    message: "can not mix '--config' with arguments [certificate-key pod-network-cidr]",
  })
})

test('every flag fills a field that is declared', () => {
  for (const { flags, into } of Object.values(configFlags).flat()) {
    if (/--token(-ttl)? /.test(flags) && into[0]!.kind === 'init') continue
    for (const { kind, path } of into) {
      let fields: Fields | undefined = configKinds[kind].fields
      for (const name of path.split('.')) {
        assert.ok(fields?.[name], `${flags}: ${path}`)
        fields = fields[name].fields
      }
    }
  }
})
