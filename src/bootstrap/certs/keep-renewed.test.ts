import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { FakeClock } from '../../base/fake-clock.ts'
import type { PkiConfig } from '../../pki/certificates.ts'
import { ensurePki, loadAuthority } from '../../pki/ensure-pki.ts'
import { MemoryFiles } from '../../pki/files.ts'
import { ensureKubeconfigs } from '../../pki/kubeconfig.ts'
import { certificateFile, renewableCertificates } from './certificate-table.ts'
import { certificateIn, readExpirations } from './expiration.ts'
import { type CertificateNews, keepRenewed, renewalDue } from './keep-renewed.ts'

const folders = { dir: '/k/pki', kubernetesDir: '/k' }
const day = 86_400_000
const start = Date.parse('2026-01-01T00:00:00Z')

async function machine(more: Partial<PkiConfig> = {}): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  const config = {
    nodeName: 'n1',
    advertiseAddress: '192.168.7.2',
    serviceCIDR: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    algorithm: 'ECDSA-P256' as const,
    ...more,
  }
  await ensurePki(folders.dir, config, { files, now: start })
  const server = 'https://192.168.7.2:6443'
  const whom = { ...config, controlPlaneServer: server, localServer: server }
  await ensureKubeconfigs('/k', await loadAuthority(folders.dir, 'ca', files), whom, { files, now: start })
  return files
}

/** Lets what is under way end: keys are made by other threads. */
async function settled(files: MemoryFiles): Promise<void> {
  for (let quiet = 0, last = ''; quiet < 3; ) {
    await new Promise(resolve => setTimeout(resolve, 4))
    const now = JSON.stringify([...files.files.values()].map(({ content }) => content.length + content.slice(-90)))
    quiet = now === last ? quiet + 1 : 0
    last = now
  }
}

function keep(files: MemoryFiles, clock: FakeClock, more: Partial<Parameters<typeof keepRenewed>[0]> = {}) {
  const news: CertificateNews[] = []
  const kept = keepRenewed({ ...folders, clock, files, random: () => 0.5, tell: one => void news.push(one), ...more })
  return { kept, news }
}

test('through three years no certificate is ever expired, and whom it is for stays', async () => {
  const files = await machine()
  const clock = new FakeClock(start)
  const { kept, news } = keep(files, clock)
  const texts = async () =>
    Promise.all(renewableCertificates.map(entry => certificateIn(entry, certificateFile(entry, folders), files)))
  const before = (await texts()).map(pem => new X509Certificate(pem!))
  await settled(files)
  for (let passed = 0; passed < 3 * 365; passed += 20) {
    clock.advance(20 * day)
    await settled(files)
    const { certificates } = await readExpirations(folders, { files })
    for (const { name, expires } of certificates)
      assert.ok(expires! - clock.now() > 60 * day, `${name} after ${passed} days`)
  }
  const after = (await texts()).map(pem => new X509Certificate(pem!))
  for (const [i, was] of before.entries()) {
    assert.equal(after[i]!.subject, was.subject)
    assert.equal(after[i]!.subjectAltName, was.subjectAltName)
    assert.notEqual(after[i]!.serialNumber, was.serialNumber)
  }
  const renewed = news.filter(({ reason }) => reason === 'CertificateRenewed')
  assert.equal(renewed.length, news.length, JSON.stringify(news.find(({ type }) => type === 'Warning')))
  assert.equal(renewed.length, 4 * renewableCertificates.length, 'about every eight months')
  assert.equal(kept.current().length, renewableCertificates.length)
  await kept.stop()
})

test('a certificate of 40 seconds is renewed after 20, one of a year in its last third, and machines differ', () => {
  assert.equal(renewalDue(40_000, 40_000, 1), 20_000)
  assert.equal(renewalDue(90_000, 90_000, 0), 45_000)
  const [late, early] = [0, 1].map(random => renewalDue(365 * day, 365 * day, random) / day)
  assert.ok(late! > 243 && late! < 244 && early! > 212 && early! < 214, `${early} to ${late} days`)
})

test('the length of lives is what the cluster is configured for, not what old files say', async () => {
  const files = await machine({ caValidity: 3650 * day })
  // As kubeadm renews: back to the beginning of the authority, here four years ago.
  const clock = new FakeClock(start + 4 * 365 * day)
  const { kept } = keep(files, clock, { validity: async () => 100 * day })
  await settled(files)
  for (const { notAfter } of kept.current()) assert.equal(notAfter, clock.now() + 100 * day)
  await kept.stop()
})

test('what an authority elsewhere signs is left alone, and announced once a day before its end', async () => {
  const files = await machine()
  files.files.delete('/k/pki/ca.key')
  const before = files.files.get('/k/pki/apiserver.crt')!.content
  const clock = new FakeClock(start)
  const { kept, news } = keep(files, clock)
  await settled(files)
  assert.equal(news.length, 0)
  clock.advance(300 * day)
  await settled(files)
  clock.advance(60_000)
  await settled(files)
  const told = news.filter(({ message }) => message.startsWith('apiserver '))
  assert.equal(told.length, 1)
  assert.deepEqual(told[0], {
    type: 'Warning',
    reason: 'CertificateExpiring',
    message:
      'apiserver expires at 2027-01-01T00:00:00.000Z, and has to be replaced by hand: the key of ca is kept elsewhere',
  })
  assert.equal(files.files.get('/k/pki/apiserver.crt')!.content, before)
  assert.ok(
    news.some(({ message }) => message.startsWith('etcd-server is renewed')),
    'other authorities go on',
  )
  await kept.stop()
})

test('a certificate that ends with its authority is not renewed over and over', async () => {
  const files = await machine({ caValidity: 370 * day })
  const clock = new FakeClock(start)
  const { kept, news } = keep(files, clock)
  await settled(files)
  for (const days of [250, 1, 100]) {
    clock.advance(days * day)
    await settled(files)
  }
  const ofApiserver = news.filter(({ message }) => message.startsWith('apiserver ')).map(({ message }) => message)
  assert.equal(ofApiserver.length, 2)
  assert.match(ofApiserver[0]!, /^apiserver is renewed/)
  assert.match(ofApiserver[1]!, /together with its authority: kobune certs rotate-ca ca$/)
  await kept.stop()
})

test('files that a crash left half written are whole again', async () => {
  const files = await machine()
  const whole = files.files.get('/k/scheduler.conf')!.content
  files.files.set('/k/.scheduler.conf.new', { content: whole, mode: 0o600 })
  files.files.set('/k/scheduler.conf', { content: whole.slice(0, 700), mode: 0o600 })
  // The new key was in its place already, its certificate not yet; of another pair, nothing was.
  const [crt, key, other] = ['apiserver.crt', 'apiserver.key', 'front-proxy-client.crt'].map(name => `/k/pki/${name}`)
  const certificate = files.files.get(crt!)!
  files.files.set('/k/pki/.apiserver.crt.new', certificate)
  files.files.set(crt!, files.files.get(other!)!)
  files.files.set('/k/pki/.front-proxy-client.crt.new', certificate)
  files.files.set('/k/pki/.front-proxy-client.key.new', files.files.get(key!)!)
  const { kept } = keep(files, new FakeClock(start))
  await settled(files)
  assert.equal(files.files.get(crt!)!.content, certificate.content)
  assert.notEqual(files.files.get(other!)!.content, certificate.content)
  assert.deepEqual(
    [...files.files.keys()].filter(name => name.endsWith('.new')),
    [],
  )
  assert.equal(files.files.get('/k/scheduler.conf')!.content, whole)
  assert.ok(!files.files.has('/k/.scheduler.conf.new'))
  await kept.stop()
})
