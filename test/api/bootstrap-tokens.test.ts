import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { roleBindings } from '../../src/api/rbac/v1/role-binding.ts'
import {
  downloadCertificates,
  generateCertificateKey,
  uploadCertificates,
  writeDownloaded,
} from '../../src/bootstrap/certs/upload-certs.ts'
import { clusterInfoObjects, readClusterInfo } from '../../src/bootstrap/cluster-info.ts'
import { tokenDefaults } from '../../src/bootstrap/config/defaults.ts'
import { ensureAll } from '../../src/bootstrap/ensure.ts'
import { createToken, deleteToken, ensureToken, listTokens } from '../../src/bootstrap/tokens.ts'
import { ensurePki } from '../../src/pki/ensure-pki.ts'
import { MemoryFiles } from '../../src/pki/files.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { untilGone } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster()
})
after(() => cluster.stop())

const token = 'abcdef.0123456789abcdef'
const now = Date.parse('2030-01-01T00:00:00Z')
const text = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString()

test('a token is kept as the Secret that every Kubernetes understands', async () => {
  const { client } = cluster
  await createToken(client, tokenDefaults({ token, description: 'for the new rack' }), now)
  const { type, data } = await client.get(secrets, { namespace: 'kube-system', name: 'bootstrap-token-abcdef' })
  assert.equal(type, 'bootstrap.kubernetes.io/token')
  assert.deepEqual(Object.fromEntries(Object.entries(data!).map(([key, value]) => [key, text(value)])), {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    expiration: '2030-01-02T00:00:00Z',
    description: 'for the new rack',
    'usage-bootstrap-signing': 'true',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  })
  await assert.rejects(createToken(client, tokenDefaults({ token }), now), /a token with id "abcdef" already exists/)
  await ensureToken(client, tokenDefaults({ token, ttl: '0s' }), now)
  assert.deepEqual(await listTokens(client, now), [
    {
      token,
      usages: ['authentication', 'signing'],
      groups: ['system:bootstrappers:kubeadm:default-node-token'],
    },
  ])
  assert.equal(await deleteToken(client, token), 'abcdef')
  await assert.rejects(deleteToken(client, 'abcdef'), /there is no bootstrap token with id "abcdef"/)
  await assert.rejects(deleteToken(client, 'nonsense'), /named by its id or the whole of it/)
})

test('uploaded certificates come back with the right key only, and go with their token', async () => {
  const { client } = cluster
  const [here, there] = [new MemoryFiles(), new MemoryFiles()]
  const pki = { nodeName: 'a', advertiseAddress: '10.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'cluster.local' }
  await ensurePki('/pki', pki, { files: here })
  const key = generateCertificateKey()
  await assert.rejects(downloadCertificates(client, key), /removed after two hours.*init phase upload-certs/)
  await uploadCertificates(client, '/pki', key, { files: here })
  await uploadCertificates(client, '/pki', key, { files: here, now })
  const stored = await client.get(secrets, { namespace: 'kube-system', name: 'kubeadm-certs' })
  assert.deepEqual(Object.keys(stored.data!).sort(), [
    'ca.crt',
    'ca.key',
    'etcd-ca.crt',
    'etcd-ca.key',
    'front-proxy-ca.crt',
    'front-proxy-ca.key',
    'sa.key',
    'sa.pub',
  ])
  const owner = stored.metadata.ownerReferences![0]!
  const proxy = await client.get(secrets, { namespace: 'kube-system', name: owner.name })
  assert.equal(proxy.metadata.uid, owner.uid)
  assert.equal(text(proxy.data!.expiration), '2030-01-01T02:00:00Z')
  assert.ok(!Object.keys(proxy.data!).some(name => name.startsWith('usage-')))
  const binding = await client.get(roleBindings, { namespace: 'kube-system', name: 'kubeadm:kubeadm-certs' })
  assert.equal(binding.subjects![0]!.name, 'system:bootstrappers:kubeadm:default-node-token')

  await assert.rejects(
    downloadCertificates(client, generateCertificateKey()),
    /cannot be decrypted with this certificate key/,
  )
  await assert.rejects(downloadCertificates(client, 'short'), /64 hexadecimal digits/)
  const written = await writeDownloaded('/pki', await downloadCertificates(client, key), { files: there })
  assert.equal(written.length, 8)
  for (const path of written) {
    assert.equal(await there.read(path), await here.read(path))
    if (path.endsWith('.key')) assert.equal(there.files.get(path)!.mode, 0o600)
  }
  assert.deepEqual(await writeDownloaded('/pki', await downloadCertificates(client, key), { files: there }), [])

  await client.delete(secrets, { namespace: 'kube-system', name: owner.name })
  await untilGone(client, secrets, 'kubeadm-certs')
})

test('files of an external etcd and an authority without its key are uploaded, too', async () => {
  const { client } = cluster
  const [here, there] = [new MemoryFiles(), new MemoryFiles()]
  for (const path of ['ca.crt', 'front-proxy-ca.crt', 'front-proxy-ca.key', 'sa.key', 'sa.pub'])
    await here.write(`/pki/${path}`, path, 0o600)
  const external = { endpoints: ['https://e:2379'], caFile: '/e/ca.pem', certFile: '/e/c.pem', keyFile: '/e/k.pem' }
  for (const path of ['/e/ca.pem', '/e/c.pem', '/e/k.pem']) await here.write(path, path, 0o600)
  const key = generateCertificateKey()
  await uploadCertificates(client, '/pki', key, { files: here, externalEtcd: external })
  const downloaded = await downloadCertificates(client, key)
  await writeDownloaded('/pki', downloaded, { files: there, externalEtcd: external })
  assert.equal(await there.read('/e/k.pem'), '/e/k.pem')
  assert.equal(there.files.get('/e/k.pem')!.mode, 0o600)
  assert.equal(await there.read('/pki/ca.key'), undefined)
  assert.equal(await there.read('/pki/ca.crt'), 'ca.crt')
  here.files.delete('/pki/sa.pub')
  await assert.rejects(uploadCertificates(client, '/pki', key, { files: here }), /sa.pub does not exist/)
})

test('cluster-info says where the cluster is, and no more', async () => {
  const { client } = cluster
  const made = { server: 'https://lb:6443', ca: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n' }
  await client.create(namespaces, { metadata: { name: 'kube-public' } }).catch(() => {})
  await ensureAll(client, clusterInfoObjects(made))
  await ensureAll(client, clusterInfoObjects(made))
  const { data } = await client.get(configMaps, { namespace: 'kube-public', name: 'cluster-info' })
  assert.deepEqual(readClusterInfo(data!.kubeconfig!), made)
  assert.throws(() => readClusterInfo('clusters: []'), /exactly one cluster/)
})
