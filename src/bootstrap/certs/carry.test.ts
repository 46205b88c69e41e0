import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensurePki } from '../../pki/ensure-pki.ts'
import { MemoryFiles } from '../../pki/files.ts'
import { collectBundle, placeBundle } from './carry.ts'
import { openBundle, sealBundle } from './sealed-bundle.ts'

const config = { nodeName: 'a', advertiseAddress: '10.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'cluster.local' }
async function machine(): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  await ensurePki('/pki', config, { files })
  return files
}

test('exactly the eight shared files are carried, and never a leaf certificate', async () => {
  const [here, there] = [await machine(), new MemoryFiles()]
  const bundle = await collectBundle('/pki', here)
  const done = await placeBundle('/pki', await openBundle(await sealBundle(bundle, 'a passphrase'), 'a passphrase'), {
    files: there,
  })
  assert.deepEqual(
    done.map(({ path, did }) => `${did} ${path}`),
    [
      'ca.crt',
      'ca.key',
      'front-proxy-ca.crt',
      'front-proxy-ca.key',
      'sa.key',
      'sa.pub',
      'etcd/ca.crt',
      'etcd/ca.key',
    ].map(path => `written /pki/${path}`),
  )
  for (const [path, { content, mode }] of there.files) {
    assert.equal(content, here.files.get(path)!.content)
    assert.equal(mode, path.endsWith('.crt') ? 0o644 : 0o600, path)
  }
  const again = await placeBundle('/pki', bundle, { files: there })
  assert.ok(again.every(({ did }) => did === 'kept'))
})

test('with an external etcd, the client certificate for it is carried', async () => {
  const here = await machine()
  here.files.delete('/pki/etcd/ca.key')
  const names = Object.keys(await collectBundle('/pki', here))
  assert.deepEqual(names.slice(-3), ['etcd/ca.crt', 'apiserver-etcd-client.crt', 'apiserver-etcd-client.key'])
  here.files.delete('/pki/sa.pub')
  await assert.rejects(collectBundle('/pki', here), /\/pki lacks sa.pub/)
})

test('files that differ are not replaced unless that is said, and then nothing is written by halves', async () => {
  const [bundle, other] = [await collectBundle('/pki', await machine()), await machine()]
  other.files.delete('/pki/ca.crt')
  const before = structuredClone(other.files)
  await assert.rejects(placeBundle('/pki', bundle, { files: other }), /nothing was written: \/pki\/ca.key, /)
  assert.deepEqual(other.files, before)
  const done = await placeBundle('/pki', bundle, { files: other, force: true })
  assert.equal(done.find(({ path }) => path === '/pki/ca.crt')!.did, 'written')
  assert.equal(done.find(({ path }) => path === '/pki/ca.key')!.did, 'replaced')
})

test('a file that was changed, cut or locked with another passphrase cannot be opened', async () => {
  const sealed = await sealBundle({ 'ca.crt': 'a' }, 'right')
  await assert.rejects(openBundle(sealed, 'wrong'), /passphrase is another one, or the file was changed/)
  const bytes = Buffer.from(sealed.split('\n').slice(1).join(''), 'base64')
  const wrap = (data: Buffer) => `KOBUNE CERTIFICATES 1\n${data.toString('base64')}\n`
  assert.deepEqual(await openBundle(wrap(bytes), 'right'), { 'ca.crt': 'a' })
  for (const at of [0, 20, 30, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    await assert.rejects(openBundle(wrap(changed), 'right'), /was changed/)
  }
  await assert.rejects(openBundle(wrap(bytes.subarray(0, 40)), 'right'), /cut off/)
  await assert.rejects(openBundle('-----BEGIN CERTIFICATE-----', 'right'), /no file of/)
})

test('a bundle cannot write anywhere else', async () => {
  const files = new MemoryFiles()
  await assert.rejects(placeBundle('/pki', { '../../etc/passwd': 'x' }, { files }), /do not belong in it/)
  assert.equal(files.files.size, 0)
})
