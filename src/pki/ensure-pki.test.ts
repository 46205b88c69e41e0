import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { caHash, matchesCaHash } from './ca-hash.ts'
import { certificates, type PkiConfig } from './certificates.ts'
import { ensurePki, loadAuthority } from './ensure-pki.ts'
import { MemoryFiles } from './files.ts'
import { ensureKubeconfigs } from './kubeconfig.ts'

const config: PkiConfig = {
  nodeName: 'n1',
  advertiseAddress: '192.168.7.2',
  serviceCIDR: '10.96.0.0/12,fd00:1::/112',
  dnsDomain: 'cluster.local',
  controlPlaneEndpoint: 'api.example.com:6443',
  extraSANs: ['alias', '10.9.9.9'],
}
const files = () => ({ files: new MemoryFiles() })

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kobune-pki-'))
  t.after(() => rm(dir, { recursive: true }))
  return dir
}

test('ensurePki() makes what openssl accepts, with the names, usages and modes of kubeadm', async t => {
  const dir = await folder(t)
  const made = await ensurePki(dir, config)
  assert.deepEqual(
    made.map(m => m.did),
    Array(11).fill('created'),
  )
  for (const { name, by } of certificates) {
    assert.equal((await stat(join(dir, `${name}.key`))).mode & 0o777, 0o600)
    const found = new X509Certificate(await readFile(join(dir, `${name}.crt`)))
    assert.equal(found.ca, by === undefined)
    const args = ['verify', '-x509_strict', '-CAfile', join(dir, `${by ?? name}.crt`), join(dir, `${name}.crt`)]
    assert.match(execFileSync('openssl', args, { encoding: 'utf8' }), /OK/)
  }
  const server = new X509Certificate(await readFile(join(dir, 'apiserver.crt')))
  const names =
    'n1 kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local api.example.com alias'
  for (const name of names.split(' ')) assert.ok(server.checkHost(name), name)
  for (const ip of ['10.96.0.1', 'fd00:1::1', '192.168.7.2', '10.9.9.9']) assert.ok(server.checkIP(ip), ip)
  assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  const peer = new X509Certificate(await readFile(join(dir, 'etcd/peer.crt')))
  assert.deepEqual(peer.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  assert.ok(peer.checkIP('::1') && peer.checkHost('localhost'))
  assert.deepEqual(
    (await ensurePki(dir, config)).map(m => m.did),
    Array(11).fill('kept'),
  )
})

test('caHash() is what openssl computes', async t => {
  const dir = await folder(t)
  await ensurePki(dir, config, { which: ['ca'] })
  const file = join(dir, 'ca.crt')
  const key = execFileSync('openssl', ['x509', '-in', file, '-pubkey', '-noout'])
  const bytes = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], { input: key })
  const certificate = await readFile(file, 'utf8')
  assert.equal(caHash(certificate), `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  assert.ok(matchesCaHash(certificate, ['sha256:00', caHash(certificate).toUpperCase().replace('SHA', 'sha')]))
})

test('ensurePki() takes a given authority, RSA too, and makes only what is asked for', async t => {
  const dir = await folder(t)
  const subject = ['-subj', '/CN=my company', '-addext', 'keyUsage=critical,keyCertSign']
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-keyout',
    join(dir, 'ca.key'),
    '-out',
    join(dir, 'ca.crt'),
    ...subject,
  ]
  execFileSync('openssl', args, { stdio: 'pipe' })
  assert.deepEqual(await ensurePki(dir, config, { which: ['ca', 'apiserver'] }), [
    { name: 'ca', did: 'kept' },
    { name: 'apiserver', did: 'created' },
  ])
  assert.match(
    execFileSync('openssl', ['verify', '-CAfile', join(dir, 'ca.crt'), join(dir, 'apiserver.crt')], {
      encoding: 'utf8',
    }),
    /OK/,
  )
  // An external authority: fine as long as nothing has to be issued.
  await rm(join(dir, 'ca.key'))
  assert.equal((await ensurePki(dir, config, { which: ['apiserver'] }))[0]?.did, 'kept')
  await assert.rejects(
    ensurePki(dir, config, { which: ['apiserver-kubelet-client'] }),
    /cannot be issued: the key of ca is kept elsewhere/,
  )
  await assert.rejects(loadAuthority(dir, 'ca'), /only its keeper/)
  await writeFile(join(dir, 'ca.crt'), 'x')
  await assert.rejects(ensurePki(dir, config, { which: ['apiserver'] }), /ca.crt holds no certificate/)
})

test('ensurePki() says what is wrong with what it finds, and changes nothing', async () => {
  const broken: [RegExp, (disk: MemoryFiles) => void, Partial<PkiConfig>?, number?][] = [
    [/apiserver.key is there without its apiserver.crt/, disk => disk.files.delete('/pki/apiserver.crt')],
    [/apiserver.crt is there without its apiserver.key/, disk => disk.files.delete('/pki/apiserver.key')],
    [
      /apiserver.crt is not the certificate of/,
      disk => disk.files.set('/pki/apiserver.key', disk.files.get('/pki/ca.key')!),
    ],
    [
      /is not signed by the authority/,
      disk => ['crt', 'key'].map(e => disk.files.set(`/pki/ca.${e}`, disk.files.get(`/pki/front-proxy-ca.${e}`)!)),
    ],
    [/apiserver.crt lacks the names other/, () => {}, { extraSANs: ['other'] }],
    [/apiserver.crt expired on/, () => {}, {}, Date.now() + 400 * 86_400_000],
    [/check this machine's clock/, () => {}, {}, Date.now() - 86_400_000],
    [/sa.pub is there without its sa.key/, disk => disk.files.delete('/pki/sa.key')],
    [/sa.key holds no private key/, disk => disk.files.set('/pki/sa.key', { content: 'x', mode: 0o600 })],
  ]
  for (const [message, spoil, change, now] of broken) {
    const disk = files()
    await ensurePki('/pki', config, disk)
    spoil(disk.files)
    const before = structuredClone(disk.files.files)
    await assert.rejects(ensurePki('/pki', { ...config, ...change }, { ...disk, ...(now && { now }) }), message)
    assert.deepEqual(disk.files.files, before)
  }
})

test('ensureKubeconfigs() makes the files of kubeadm', async () => {
  const disk = files()
  await ensurePki('/pki', config, { ...disk, which: ['ca', 'front-proxy-ca'] })
  const ca = await loadAuthority('/pki', 'ca', disk.files)
  const servers = {
    nodeName: 'n1',
    controlPlaneServer: 'https://api.example.com:6443',
    localServer: 'https://192.168.7.2:6443',
  }
  assert.equal((await ensureKubeconfigs('/k', ca, servers, disk)).length, 5)
  const expected: Record<string, [string, string[], string]> = {
    'admin.conf': ['kubernetes-admin', ['O=kubeadm:cluster-admins', 'CN=kubernetes-admin'], servers.controlPlaneServer],
    'super-admin.conf': [
      'kubernetes-super-admin',
      ['O=system:masters', 'CN=kubernetes-super-admin'],
      servers.controlPlaneServer,
    ],
    'kubelet.conf': ['system:node:n1', ['O=system:nodes', 'CN=system:node:n1'], servers.controlPlaneServer],
    'controller-manager.conf': [
      'system:kube-controller-manager',
      ['CN=system:kube-controller-manager'],
      servers.localServer,
    ],
    'scheduler.conf': ['system:kube-scheduler', ['CN=system:kube-scheduler'], servers.localServer],
  }
  for (const [name, [user, subject, server]] of Object.entries(expected)) {
    const { content, mode } = disk.files.files.get(`/k/${name}`)!
    assert.equal(mode, 0o600)
    const read = parse(content)
    assert.equal(read['current-context'], `${user}@kubernetes`)
    assert.deepEqual(read.contexts, [{ context: { cluster: 'kubernetes', user }, name: `${user}@kubernetes` }])
    assert.equal(read.clusters[0].cluster.server, server)
    assert.equal(
      Buffer.from(read.clusters[0].cluster['certificate-authority-data'], 'base64').toString(),
      ca.certificate,
    )
    const found = new X509Certificate(Buffer.from(read.users[0].user['client-certificate-data'], 'base64'))
    assert.deepEqual(found.subject.split('\n'), subject)
    assert.ok(found.verify(new X509Certificate(ca.certificate).publicKey))
  }
  const moved = await ensureKubeconfigs(
    '/k',
    ca,
    { ...servers, localServer: 'https://other:6443' },
    { ...disk, which: ['scheduler.conf'] },
  )
  assert.deepEqual(moved, [{ name: 'scheduler.conf', did: 'kept', otherServer: servers.localServer }])
  const stranger = await loadAuthority('/pki', 'front-proxy-ca', disk.files)
  await assert.rejects(ensureKubeconfigs('/k', stranger, servers, disk), /trusts another certificate authority/)
})
