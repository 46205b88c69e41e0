import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCsr, parseCsr, signCsr } from './csr.ts'
import { issue } from './issue.ts'
import { generateKey } from './keys.ts'

const folder = await mkdtemp(join(tmpdir(), 'kobune-csr-'))
test.after(() => rm(folder, { recursive: true }))
const now = Date.now()
const year = 365 * 86_400_000
const times = { notBefore: now - 300_000, notAfter: now + year }

async function authority() {
  const { privateKey: key, publicKey } = await generateKey()
  const request = {
    subject: { commonName: 'kubernetes' },
    publicKey,
    usages: ['cert sign'] as const,
    authority: true,
    ...times,
  }
  return { certificate: issue(request, { own: key }), key }
}

test('a request of ours is good for openssl, and signed it chains to the authority', async () => {
  const subject = { commonName: 'system:node:n1', organizations: ['system:nodes', 'b'] }
  const { csr, key } = await createCsr({
    subject,
    names: ['n1', 'n1.local', '10.0.0.7', 'fd00::7'],
    usages: ['digital signature', 'server auth'],
  })
  const file = join(folder, 'ours.csr')
  await writeFile(file, csr)
  const shown = execFileSync('openssl', ['req', '-in', file, '-noout', '-text', '-verify'], {
    encoding: 'utf8',
    stdio: 'pipe',
  })
  assert.match(shown, /DNS:n1, DNS:n1.local, IP Address:10.0.0.7, IP Address:FD00:0:0:0:0:0:0:7/)
  const parsed = parseCsr(csr)
  assert.deepEqual(parsed.subject.commonName, 'system:node:n1')
  assert.deepEqual([...parsed.subject.organizations].sort(), ['b', 'system:nodes'])
  assert.deepEqual(parsed.names, { dns: ['n1', 'n1.local'], ip: ['10.0.0.7', 'fd00::7'], email: [], uri: [] })
  assert.deepEqual(parsed.usages, ['digital signature', 'server auth'])
  const ca = await authority()
  const made = new X509Certificate(signCsr(parsed, ca, { usages: ['digital signature', 'client auth'], ...times }))
  const signer = new X509Certificate(ca.certificate)
  assert.ok(made.checkIssued(signer) && made.verify(signer.publicKey))
  assert.ok(made.publicKey.equals(createPublicKey(key)))
  assert.deepEqual(made.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.match(made.subject, /O=system:nodes/)
  assert.match(made.subject, /CN=system:node:n1/)
})

test('requests of openssl are read, whatever their key', async () => {
  const kinds: Record<string, string[]> = {
    rsa: ['-newkey', 'rsa:2048'],
    ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    ed25519: ['-newkey', 'ed25519'],
  }
  for (const [kind, how] of Object.entries(kinds)) {
    const extra = [
      '-addext',
      'subjectAltName=DNS:a.b,IP:192.168.1.1,email:me@a.b,URI:spiffe://a/b',
      '-addext',
      'extendedKeyUsage=clientAuth',
    ]
    const args = [
      'req',
      '-new',
      ...how,
      '-nodes',
      '-keyout',
      join(folder, 'key'),
      '-subj',
      '/O=dev/O=ops/CN=zoë',
      '-utf8',
      ...extra,
    ]
    const parsed = parseCsr(execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' }))
    assert.deepEqual(parsed.subject, { commonName: 'zoë', organizations: ['dev', 'ops'] }, kind)
    assert.deepEqual(parsed.names, { dns: ['a.b'], ip: ['192.168.1.1'], email: ['me@a.b'], uri: ['spiffe://a/b'] })
    assert.deepEqual(parsed.usages, ['client auth'])
  }
})

test('parseCsr() refuses what is broken', async () => {
  assert.throws(() => parseCsr('hello'), /CERTIFICATE REQUEST/)
  const { csr } = await createCsr({ subject: { commonName: 'a' } })
  const bytes = Buffer.from(csr.replace(/-----[A-Z ]+-----|\n/g, ''), 'base64')
  const wrap = (body: Buffer) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  assert.ok(parseCsr(wrap(bytes)))
  for (let cut = 1; cut < bytes.length; cut += 7)
    assert.throws(() => parseCsr(wrap(bytes.subarray(0, cut))), /cannot be read/)
  bytes[bytes.indexOf('a', 12)]! ^= 3
  assert.throws(() => parseCsr(wrap(bytes)), /cannot be read/)
})
