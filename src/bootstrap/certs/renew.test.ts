import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadKubeconfig } from '../../client/kubeconfig.ts'
import { ensurePki } from '../../pki/ensure-pki.ts'
import { MemoryFiles } from '../../pki/files.ts'
import { renewableCertificates } from './certificate-table.ts'
import { readExpirations } from './expiration.ts'
import { renewCertificate } from './renew.ts'

/** A machine as kubeadm 1.20 left it: RSA keys in PKCS#1, made by openssl alone. */
let kubernetesDir: string
let dir: string
const now = Date.now()
const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })

function makeAuthority(name: string, commonName: string): void {
  const path = join(dir, name)
  openssl('genrsa', '-traditional', '-out', `${path}.key`, '2048')
  const usage = ['-addext', 'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign']
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    `${path}.key`,
    '-subj',
    `/CN=${commonName}`,
    '-days',
    '3650',
    ...usage,
    '-out',
    `${path}.crt`,
  )
}

function makeLeaf(base: string, authority: string, subject: string, extensions: string[]): void {
  openssl('genrsa', '-traditional', '-out', `${base}.key`, '2048')
  openssl('req', '-new', '-key', `${base}.key`, '-subj', subject, '-out', `${base}.csr`)
  const by = join(dir, authority)
  const text = ['keyUsage=critical,digitalSignature,keyEncipherment', ...extensions].join('\n')
  execFileSync('sh', ['-c', 'cat > "$1"', 'sh', `${base}.ext`], { input: text })
  openssl(
    'x509',
    '-req',
    '-in',
    `${base}.csr`,
    '-CA',
    `${by}.crt`,
    '-CAkey',
    `${by}.key`,
    '-CAcreateserial',
    '-days',
    '20',
    '-extfile',
    `${base}.ext`,
    '-out',
    `${base}.crt`,
  )
}

const client = 'extendedKeyUsage=clientAuth'
const both = 'extendedKeyUsage=serverAuth,clientAuth'
const hostNames = 'subjectAltName=DNS:m1,DNS:localhost,IP:10.1.1.1,IP:127.0.0.1,IP:::1'

before(async () => {
  kubernetesDir = await mkdtemp(join(tmpdir(), 'kobune-renew-'))
  dir = join(kubernetesDir, 'pki')
  await mkdir(join(dir, 'etcd'), { recursive: true })
  for (const [name, called] of [
    ['ca', 'kubernetes'],
    ['front-proxy-ca', 'front-proxy-ca'],
    ['etcd/ca', 'etcd-ca'],
  ] as const)
    makeAuthority(name, called)
  makeLeaf(join(dir, 'apiserver'), 'ca', '/CN=kube-apiserver', [
    'extendedKeyUsage=serverAuth',
    'subjectAltName=DNS:m1,DNS:kubernetes,DNS:kubernetes.default.svc,DNS:lb.example.com,IP:10.96.0.1,IP:10.1.1.1',
  ])
  makeLeaf(join(dir, 'apiserver-kubelet-client'), 'ca', '/O=system:masters/CN=kube-apiserver-kubelet-client', [client])
  makeLeaf(join(dir, 'front-proxy-client'), 'front-proxy-ca', '/CN=front-proxy-client', [client])
  makeLeaf(join(dir, 'apiserver-etcd-client'), 'etcd/ca', '/O=system:masters/CN=kube-apiserver-etcd-client', [client])
  for (const name of ['etcd/server', 'etcd/peer']) makeLeaf(join(dir, name), 'etcd/ca', '/CN=m1', [both, hostNames])
  makeLeaf(join(dir, 'etcd/healthcheck-client'), 'etcd/ca', '/O=system:masters/CN=kube-etcd-healthcheck-client', [
    client,
  ])
  const users = {
    'admin.conf': ['kubernetes-admin', '/O=system:masters/CN=kubernetes-admin'],
    'controller-manager.conf': ['system:kube-controller-manager', '/CN=system:kube-controller-manager'],
    'scheduler.conf': ['system:kube-scheduler', '/CN=system:kube-scheduler'],
  } as const
  for (const [file, [user, subject]] of Object.entries(users)) {
    const base = join(kubernetesDir, 'leaf')
    makeLeaf(base, 'ca', subject, [client])
    const data = async (path: string) => (await readFile(path)).toString('base64')
    const text = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${await data(join(dir, 'ca.crt'))}
    server: https://lb.example.com:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: ${user}
  name: ${user}@kubernetes
- context: {cluster: kubernetes, namespace: mine, user: ${user}}
  name: mine # of an administrator
current-context: ${user}@kubernetes
kind: Config
preferences: {}
users:
- name: ${user}
  user:
    client-certificate-data: ${await data(`${base}.crt`)}
    client-key-data: ${await data(`${base}.key`)}
`
    await writeFile(join(kubernetesDir, file), text, { mode: 0o600 })
  }
})
after(() => rm(kubernetesDir, { recursive: true }))

const subjectOf = (pem: string) => new X509Certificate(pem).subject
async function pemOf({ kubeconfig, certificate }: (typeof renewableCertificates)[number]): Promise<string> {
  if (!kubeconfig) return readFile(join(dir, `${certificate}.crt`), 'utf8')
  return String((await loadKubeconfig(join(kubernetesDir, kubeconfig))).cert)
}

test('all certificates of kubeadm 1.20 are renewed as they are, for a year', async () => {
  const before = await readExpirations({ dir, kubernetesDir })
  assert.ok(
    before.certificates.every(({ expires, name }) => name === 'super-admin.conf' || expires! < now + 21 * 86_400_000),
  )
  const entries = renewableCertificates.filter(({ name }) => name !== 'super-admin.conf')
  const old = await Promise.all(entries.map(pemOf))
  for (const { name } of entries)
    assert.equal(await renewCertificate(name, { dir, kubernetesDir, now }), 'renewed', name)
  const file = join(kubernetesDir, 'checked.crt')
  for (const [i, entry] of entries.entries()) {
    const pem = await pemOf(entry)
    const [was, is] = [new X509Certificate(old[i]!), new X509Certificate(pem)]
    assert.equal(subjectOf(pem), subjectOf(old[i]!), entry.name)
    assert.equal(is.subjectAltName, was.subjectAltName, entry.name)
    assert.deepEqual(is.keyUsage, was.keyUsage, entry.name)
    assert.ok(!is.publicKey.equals(was.publicKey), 'the key is a new one')
    assert.equal(is.publicKey.asymmetricKeyDetails?.modulusLength, 2048, 'of the same algorithm')
    await writeFile(file, pem)
    assert.match(openssl('verify', '-CAfile', join(dir, `${entry.authority}.crt`), file), /OK/, entry.name)
    assert.match(openssl('x509', '-in', file, '-noout', '-checkend', String(364 * 86_400)), /will not expire/)
  }
  assert.equal((await stat(join(dir, 'apiserver.key'))).mode & 0o777, 0o600)
  const key = openssl('pkey', '-in', join(dir, 'apiserver.key'), '-pubout')
  assert.equal(key, openssl('x509', '-in', join(dir, 'apiserver.crt'), '-noout', '-pubkey'))
  const admin = await readFile(join(kubernetesDir, 'admin.conf'), 'utf8')
  assert.match(admin, /name: mine # of an administrator/)
  assert.match(admin, /server: https:\/\/lb.example.com:6443/)
})

test('what is not there is missing, and what others sign stays', async () => {
  assert.equal(await renewCertificate('super-admin.conf', { dir, kubernetesDir, now }), 'missing')
  await assert.rejects(
    renewCertificate('kubelet.conf', { dir, kubernetesDir, now }),
    /no certificate "kubelet.conf" to renew; choose from admin.conf, apiserver/,
  )
  const files = new MemoryFiles()
  await ensurePki(
    '/pki',
    { nodeName: 'a', advertiseAddress: '10.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'x' },
    { files },
  )
  const folders = { dir: '/pki', kubernetesDir: '/', now, files }
  const certificate = await files.read('/pki/apiserver.crt')
  assert.equal(
    await renewCertificate('apiserver', { ...folders, validity: 20 * 365 * 86_400_000, algorithm: 'ECDSA-P384' }),
    'renewed',
  )
  const renewed = new X509Certificate((await files.read('/pki/apiserver.crt'))!)
  const authority = new X509Certificate((await files.read('/pki/ca.crt'))!)
  assert.equal(renewed.validTo, authority.validTo, 'no certificate outlives its authority')
  assert.equal(renewed.publicKey.asymmetricKeyDetails?.namedCurve, 'secp384r1')
  files.files.set('/pki/ca.key', files.files.get('/pki/etcd/ca.key')!)
  await assert.rejects(renewCertificate('apiserver', folders), /ca.crt is not the certificate of the key beside it/)
  files.files.delete('/pki/ca.key')
  assert.equal(await renewCertificate('apiserver', folders), 'external')
  assert.notEqual(await files.read('/pki/apiserver.crt'), certificate)
})
