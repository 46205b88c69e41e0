import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { disk } from '../../pki/disk.ts'
import { ensurePki } from '../../pki/ensure-pki.ts'
import { kubeconfigText } from '../../pki/kubeconfig.ts'
import { hostOf } from './apply.ts'
import { withServer } from './kubeconfig-server.ts'
import { addServerNames, lacksName } from './server-names.ts'

/** A folder with an authority and a certificate of an API server; it goes when the test ends. */
async function serverCertificates(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kobune-endpoint-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const config = {
    nodeName: 'cp1',
    advertiseAddress: '10.0.0.1',
    serviceCIDR: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
  }
  await ensurePki(dir, config, { which: ['ca', 'apiserver'] })
  return dir
}

test('the API server learns a name, keeps those it had, and shows it', async t => {
  const dir = await serverCertificates(t)
  const names = async () => new X509Certificate((await disk.read(join(dir, 'apiserver.crt')))!).subjectAltName!
  const before = await names()
  const options = { files: disk, now: Date.now(), validity: 3_600_000 }
  assert.equal(await addServerNames(dir, ['cp1', '10.0.0.1'], options), false)
  assert.equal(await names(), before)
  assert.equal(await addServerNames(dir, ['api.example.com', '10.0.0.9'], options), true)
  const text = await names()
  for (const name of [...before.split(', '), 'DNS:api.example.com', 'IP Address:10.0.0.9'])
    assert.ok(text.includes(name), name)

  const [key, cert, ca] = await Promise.all(
    ['apiserver.key', 'apiserver.crt', 'ca.crt'].map(name => disk.read(join(dir, name))),
  )
  const server = createServer({ key: key!, cert: cert! }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  assert.equal(await lacksName(at, 'api.example.com', ca!), undefined)
  assert.equal(await lacksName(at, '10.0.0.9', ca!), undefined)
  assert.match((await lacksName(at, 'other.example.com', ca!))!, /does not match/)
})

test('an authority whose key is elsewhere is told, and nothing is changed', async t => {
  const dir = await serverCertificates(t)
  await rm(join(dir, 'ca.key'))
  const before = await disk.read(join(dir, 'apiserver.crt'))
  const adding = addServerNames(dir, ['api.example.com'], { files: disk, now: Date.now(), validity: 3_600_000 })
  await assert.rejects(adding, /lacks api\.example\.com, and the key of its authority is kept elsewhere/)
  assert.equal(await disk.read(join(dir, 'apiserver.crt')), before)
})

test('a kubeconfig goes to another server, and all else in it stays', () => {
  const user = { name: 'admin', certificate: 'C', key: 'K' }
  const text = kubeconfigText({ server: 'https://10.0.0.1:6443', ca: 'A', user })
  const changed = withServer(text, 'admin.conf', 'https://lb:8443')!
  assert.match(changed, /server: .?https:\/\/lb:8443/)
  assert.ok(changed.includes(Buffer.from('K').toString('base64')))
  assert.equal(withServer(changed, 'admin.conf', 'https://lb:8443'), undefined)
  assert.throws(() => withServer('a: 1', 'x.conf', 'https://lb'), /x\.conf names no cluster/)
})

test('the host of an endpoint', () => {
  assert.equal(hostOf('lb.example.com:6443'), 'lb.example.com')
  assert.equal(hostOf('[fd00::1]:6443'), 'fd00::1')
})
