import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../src/api/certificates/v1/certificate-signing-request.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { clusterRoleBindings } from '../../src/api/rbac/v1/cluster-role-binding.ts'
import { systemClock } from '../../src/base/clock.ts'
import { FakeClock } from '../../src/base/fake-clock.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { linuxHost } from '../../src/host/host.ts'
import { certificateStore } from '../../src/kubelet/certificates/certificate-store.ts'
import { type NodeCredentialsOptions, nodeCredentials } from '../../src/kubelet/certificates/node-credentials.ts'
import type { CertificatePair } from '../../src/kubelet/certificates/pair.ts'
import { completeKubeletConfiguration } from '../../src/kubelet/configuration.ts'
import { parseCsr } from '../../src/pki/csr.ts'
import { kubeconfigText } from '../../src/pki/kubeconfig.ts'
import { serveWith } from '../../src/run/serving-certificate.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { until } from './support/until.ts'

const { files } = linuxHost
const trusted = 'system:bootstrappers:kubeadm:default-node-token'
/** May ask for certificates; what it asks for waits for a person. */
const cautious = 'system:bootstrappers:cautious'
let cluster: TestCluster
let folder: string
let machines = 0

before(async () => {
  cluster = await startCluster()
  folder = await mkdtemp(join(tmpdir(), 'kobune-node-certificates-'))
  await token('abcdef', trusted)
  await token('carefu', cautious)
  const subject = { kind: 'Group', name: cautious, apiGroup: 'rbac.authorization.k8s.io' }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-bootstrapper' }
  await cluster.client.create(clusterRoleBindings, { metadata: { name: 'cautious' }, subjects: [subject], roleRef })
})
after(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

async function token(id: string, group: string): Promise<void> {
  const data = {
    'token-id': id,
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': group,
  }
  await cluster.client.create(secrets, {
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: data,
  })
}

/** What a kubelet that joins has on its disk. */
async function machine(nodeName: string, id = 'abcdef') {
  const at = join(folder, String(++machines))
  const bootstrapKubeconfig = join(at, 'bootstrap-kubelet.conf')
  const user = { name: 'tls-bootstrap-token-user', token: `${id}.0123456789abcdef` }
  await files.write(bootstrapKubeconfig, kubeconfigText({ server: cluster.url, ca: cluster.ca, user }), { mode: 0o600 })
  const stop = new AbortController()
  const options: NodeCredentialsOptions = {
    files,
    clock: systemClock,
    nodeName,
    kubeconfig: join(at, 'kubelet.conf'),
    bootstrapKubeconfig,
    certDir: join(at, 'pki'),
    signal: stop.signal,
  }
  return { at, options, stop, store: certificateStore(files, options.certDir, 'kubelet-client') }
}

const requestsOf = (all: readonly CertificateSigningRequest[], nodeName: string, user: string) =>
  all.filter(r => r.spec.username === user && subjectOf(r) === `system:node:${nodeName}`)

const subjectOf = ({ spec }: CertificateSigningRequest) =>
  parseCsr(Buffer.from(spec.request, 'base64').toString()).subject.commonName

async function approve(request: CertificateSigningRequest, type: 'Approved' | 'Denied'): Promise<void> {
  const condition = { type, status: 'True', reason: 'ByHand', message: 'a person looked' }
  const status = { ...request.status, conditions: [condition] }
  await cluster.client.update(certificateSigningRequests, { ...request, status }, { subresource: 'approval' })
}

test('a node gets its certificate with a bootstrap token, and is that node to the API server', async () => {
  const { options, store, at } = await machine('fresh')
  const credentials = await nodeCredentials(options)
  const transport = httpTransport(credentials.options)
  try {
    const client = createClient(transport)
    await client.create(nodes, { metadata: { name: 'fresh' } })
    await assert.rejects(client.create(nodes, { metadata: { name: 'somebody-else' } }), /not allowed|forbidden/i)
  } finally {
    await transport.close()
    credentials.stop()
  }
  const certificate = new X509Certificate((await store.current())!.cert)
  assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:fresh')
  const { items } = await cluster.client.list(certificateSigningRequests)
  const [request] = requestsOf(items, 'fresh', 'system:bootstrap:abcdef')
  // Older control planes approve only these three.
  assert.deepEqual(request!.spec.usages, ['digital signature', 'key encipherment', 'client auth'])
  assert.match(await readlink(store.file), /^kubelet-client-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.pem$/)
  assert.equal((await stat(store.file)).mode & 0o777, 0o600)
  assert.equal((await stat(options.kubeconfig)).mode & 0o777, 0o600)
  assert.match(
    await files.read(options.kubeconfig),
    new RegExp(`client-certificate: ${at}/pki/kubelet-client-current.pem`),
  )
  assert.deepEqual((await files.list(options.certDir)).length, 2, 'the dated file and the link; no key is left over')
  const made = await until(cluster.client, certificateSigningRequests, all =>
    requestsOf(all, 'fresh', 'system:bootstrap:abcdef').find(r => r.status.certificate),
  )
  assert.match(made.metadata.name, /^csr-[a-z0-9]{5}$/)
})

test('a kubelet killed while its request waits goes on with the same key and the same request', async () => {
  const { options, store, stop } = await machine('patient', 'carefu')
  const first = nodeCredentials(options)
  const user = 'system:bootstrap:carefu'
  const asked = await until(cluster.client, certificateSigningRequests, all => requestsOf(all, 'patient', user)[0])
  stop.abort(new Error('killed'))
  await assert.rejects(first, /killed/)
  const key = await store.pendingKey()
  assert.ok(key)
  assert.equal((await stat(join(options.certDir, 'kubelet-client.key.tmp'))).mode & 0o777, 0o600)
  const again = nodeCredentials({ ...options, signal: new AbortController().signal })
  await approve(asked, 'Approved')
  const credentials = await again
  credentials.stop()
  assert.equal(credentials.certificate()?.key, key)
  const { items } = await cluster.client.list(certificateSigningRequests)
  assert.equal(requestsOf(items, 'patient', user).length, 1)
})

test('a kubelet killed between its certificate and its kubeconfig only writes the kubeconfig', async () => {
  const { options, store } = await machine('late')
  ;(await nodeCredentials(options)).stop()
  const pair = await store.current()
  await rm(options.kubeconfig)
  // Nor may the key be used a second time, when it was killed before the key was forgotten.
  await store.keepPendingKey(pair!.key)
  const credentials = await nodeCredentials(options)
  credentials.stop()
  assert.deepEqual(credentials.certificate(), pair)
  assert.equal(await store.pendingKey(), undefined)
  const { items } = await cluster.client.list(certificateSigningRequests)
  assert.equal(requestsOf(items, 'late', 'system:bootstrap:abcdef').length, 1)
})

test('a request that was denied is followed by another one, with another key', async () => {
  const { options, store } = await machine('denied', 'carefu')
  const credentials = nodeCredentials(options)
  const user = 'system:bootstrap:carefu'
  const first = await until(cluster.client, certificateSigningRequests, all => requestsOf(all, 'denied', user)[0])
  const key = await store.pendingKey()
  await approve(first, 'Denied')
  const second = await until(cluster.client, certificateSigningRequests, all =>
    requestsOf(all, 'denied', user).find(r => r.metadata.name !== first.metadata.name),
  )
  await approve(second, 'Approved')
  const done = await credentials
  done.stop()
  assert.notEqual(done.certificate()?.key, key)
})

test('without any file the node waits for its kubeconfig, and takes it up when it is written', async () => {
  const { options, store } = await machine('waiting')
  const kubeconfig = join(folder, 'written-later.conf')
  const waiting = nodeCredentials({ ...options, kubeconfig, bootstrapKubeconfig: undefined })
  await writeFile(kubeconfig, await cluster.kubeconfigFor('system:node:waiting', ['system:nodes']), { mode: 0o600 })
  const credentials = await waiting
  credentials.stop()
  assert.equal(new X509Certificate(credentials.certificate()!.cert).subject, 'O=system:nodes\nCN=system:node:waiting')
  assert.deepEqual(await store.current(), credentials.certificate(), 'it is kept where its successors will be')
})

test('the client certificate is renewed late in its life, as the node itself, and used at once', async () => {
  const { options } = await machine('old')
  const clock = new FakeClock(Date.now())
  const credentials = await nodeCredentials({ ...options, clock })
  const transport = httpTransport(credentials.options)
  const client = createClient(transport)
  const before = credentials.certificate()!
  const { validFrom, validTo } = new X509Certificate(before.cert)
  const life = Date.parse(validTo) - Date.parse(validFrom)
  const rotation = credentials.rotate(client)
  try {
    clock.advance(life * 0.69)
    assert.equal(credentials.certificate(), before, 'not before seventy percent of its life')
    clock.advance(life * 0.22)
    const renewed = await until(cluster.client, certificateSigningRequests, all =>
      requestsOf(all, 'old', 'system:node:old').find(r => r.status.certificate),
    )
    const issued = Buffer.from(renewed.status.certificate!, 'base64').toString()
    await client.create(nodes, { metadata: { name: 'old' } })
    while (credentials.certificate()!.cert !== issued) await new Promise(resolve => setImmediate(resolve))
    assert.notEqual(credentials.certificate()!.key, before.key)
    await client.get(nodes, { name: 'old' })
  } finally {
    await rotation.stop()
    credentials.stop()
    await transport.close()
  }
})

test('the serving certificate is signed for the addresses of the node, and anew when those change', async () => {
  const { options } = await machine('server')
  const credentials = await nodeCredentials(options)
  const transport = httpTransport(credentials.options)
  const client = createClient(transport)
  let addresses = ['192.0.2.1', 'fd00::1']
  const given: CertificatePair[] = []
  let news = Promise.withResolvers<void>()
  const kubelet = {
    renewCertificates(pair: Partial<CertificatePair>) {
      given.push(pair as CertificatePair)
      news.resolve()
    },
  }
  const tell = async () => {
    const told = addresses.map(address => ({ type: 'InternalIP', address }))
    await client.patch(nodes, { name: 'server' }, { status: { addresses: told } }, { subresource: 'status' })
  }
  const namesOf = (pair: CertificatePair) => new X509Certificate(pair.cert).subjectAltName
  await client.create(nodes, { metadata: { name: 'server' } })
  await tell()
  const config = completeKubeletConfiguration({})
  const names = () => ['server', ...addresses]
  const serve = {
    host: linuxHost,
    clock: systemClock,
    config,
    nodeName: 'server',
    certDir: options.certDir,
    client,
    names,
  }
  const serving = await serveWith(serve)
  try {
    const selfSigned = new X509Certificate(serving.pair().cert)
    assert.ok(selfSigned.verify(selfSigned.publicKey), 'there is TLS before the cluster signs')
    serving.use(kubelet)
    serving.ask()
    await news.promise
    assert.equal(namesOf(given[0]!), 'DNS:server, IP Address:192.0.2.1, IP Address:FD00:0:0:0:0:0:0:1')
    assert.ok(new X509Certificate(given[0]!.cert).verify(new X509Certificate(cluster.ca).publicKey))
    news = Promise.withResolvers()
    addresses = ['192.0.2.9']
    await tell()
    serving.poke()
    await news.promise
    assert.equal(namesOf(given[1]!), 'DNS:server, IP Address:192.0.2.9')
  } finally {
    await serving.stop()
  }
  const next = await serveWith(serve)
  await next.stop()
  assert.deepEqual(next.pair(), given[1], 'a kubelet that starts again serves what was signed before')
  credentials.stop()
  await transport.close()
})
