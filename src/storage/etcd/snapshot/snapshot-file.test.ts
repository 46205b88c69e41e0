import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bytes } from '../../storage.suite.ts'
import { CompactedError } from '../../storage.ts'
import { etcdStorage } from '../etcd.ts'
import { mayRunEtcd, startEtcd, stopEtcd } from '../testdata/real-etcd.ts'
import { bumpEtcdSnapshot, etcdSnapshotStatus, etcdSnapshotValue, verifyEtcdSnapshot } from './snapshot-file.ts'

const may = mayRunEtcd && spawnSync('etcdctl', ['version']).status === 0
const skip = !may && 'etcd and etcdctl are not installed: apt-get install etcd-server etcd-client'
const folder = mkdtempSync(join(tmpdir(), 'kobune-snapshot-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const etcdctl = (...args: readonly string[]) =>
  execFileSync('etcdctl', args, {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

test('a snapshot of etcd is verified, looked at, and restored at a later revision', { skip }, async () => {
  const etcd = await startEtcd()
  const file = join(folder, 'a.db')
  let taken: number
  try {
    const store = await etcdStorage({ endpoints: [etcd.endpoint], patience: 10_000 })
    for (let i = 0; i < 400; i++) await store.put(`/registry/things/${i}`, bytes(`${i} `.repeat(100)))
    await store.put('/registry/things/gone', bytes('x'))
    await store.delete('/registry/things/gone')
    await store.put('/registry/things/7', bytes('seven'))
    taken = (await store.snapshot(file)).revision
    await store.close()
  } finally {
    await stopEtcd(etcd)
  }

  await verifyEtcdSnapshot(file)
  const { kind, hash, ...status } = etcdSnapshotStatus(file)
  assert.equal(kind, 'etcd')
  const original = JSON.parse(etcdctl('snapshot', 'status', file, '-w', 'json'))
  assert.deepEqual({ hash: Number.parseInt(hash, 16), ...status }, original)
  assert.equal(status.revision, taken)
  assert.equal(etcdSnapshotValue(file, '/registry/things/7')?.toString(), 'seven')
  assert.equal(etcdSnapshotValue(file, '/registry/things/gone'), undefined)
  assert.equal(etcdSnapshotValue(file, '/registry/things/never'), undefined)

  const later = join(folder, 'b.db')
  const { revision } = await bumpEtcdSnapshot(file, later, 1_000_000_000)
  assert.equal(revision, taken + 1_000_000_000)
  await verifyEtcdSnapshot(later)
  assert.equal(etcdSnapshotStatus(later).revision, revision)

  const data = join(folder, 'data')
  const peer = 'http://127.0.0.1:1'
  const member = ['--name', 'default', '--initial-cluster', `default=${peer}`, '--initial-advertise-peer-urls', peer]
  etcdctl('snapshot', 'restore', later, '--data-dir', data, ...member)
  const restored = await startEtcd(data, peer)
  try {
    const store = await etcdStorage({ endpoints: [restored.endpoint], patience: 10_000 })
    assert.equal(await store.revision(), revision)
    const { count } = await store.range({ prefix: '/registry/' })
    assert.equal(count, 400)
    const { kv } = await store.get('/registry/things/7')
    assert.equal(Buffer.from(kv!.value).toString(), 'seven')
    await store.compact(revision)
    await assert.rejects(store.get('/registry/things/7', { revision: taken }), CompactedError)
    const written = await store.put('/registry/things/new', bytes('n'))
    assert.equal(written.revision, revision + 1)
    await store.close()
  } finally {
    await stopEtcd(restored)
  }
})

test('a snapshot that was cut off or changed is refused', { skip }, async () => {
  const file = join(folder, 'a.db')
  const whole = readFileSync(file)
  const other = join(folder, 'c.db')
  writeFileSync(other, whole.subarray(0, -32))
  await assert.rejects(verifyEtcdSnapshot(other), /has no checksum at its end/)
  const changed = Buffer.from(whole)
  changed[9000]! ^= 1
  writeFileSync(other, changed)
  await assert.rejects(verifyEtcdSnapshot(other), /is damaged/)
  writeFileSync(other, 'something else')
  assert.throws(() => etcdSnapshotStatus(other), /c\.db: /)
})
