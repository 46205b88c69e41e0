import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { linuxHost } from '../../host/host.ts'
import { etcdStorage } from '../../storage/etcd/etcd.ts'
import { mayRunEtcd, type RealEtcd, startEtcd, stopEtcd } from '../../storage/etcd/testdata/real-etcd.ts'
import { sqliteStorage } from '../../storage/sqlite/sqlite.ts'
import { saveSnapshot } from '../snapshot/save.ts'
import { copyToEtcd } from './copy-to-etcd.ts'

const skip = !mayRunEtcd && 'etcd is not installed: apt-get install etcd-server'

describe('an etcd that Kobune does not run', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kobune-migrate-'))
  const file = join(folder, 'source.db')
  let etcd: RealEtcd
  let endpoints: readonly string[]
  before(async () => {
    etcd = await startEtcd()
    endpoints = [etcd.endpoint]
    const source = await sqliteStorage({ file })
    for (let i = 0; i < 700; i++) await source.put(`/registry/things/${i % 600}`, Buffer.from(`value ${i}`))
    await source.put('/registry/events/one', Buffer.from('event'), { ttl: 3600 })
    await source.close()
  })
  after(async () => {
    if (etcd) await stopEtcd(etcd)
    rmSync(folder, { recursive: true, force: true })
  })
  const copy = () => copyToEtcd({ host: linuxHost, file, etcd: { endpoints }, note: () => {} })

  test('takes a database over, once', async () => {
    const { keys, revision } = await copy()
    assert.equal(keys, 601)
    const store = await etcdStorage({ endpoints })
    try {
      assert.equal((await store.range({ prefix: '' })).count, 601)
      const { kv } = await store.get('/registry/things/50')
      assert.equal(Buffer.from(kv!.value).toString(), 'value 650')
      // 702 was the last revision of the source.
      assert.ok(kv!.modRevision > 702)
    } finally {
      await store.close()
    }
    assert.ok(revision > 702)
    await assert.rejects(copy(), /the target holds 601 keys already/)
  })

  test('is backed up by its address', async () => {
    const to = join(folder, 'backup.db')
    const { kind, revision } = await saveSnapshot({ host: linuxHost, file: to, etcd: { endpoints } })
    assert.equal(kind, 'etcd')
    assert.ok(revision > 702)
    assert.equal(statSync(to).mode & 0o777, 0o600)
    await assert.rejects(saveSnapshot({ host: linuxHost, file: to, etcd: { endpoints } }), /is there already/)
  })
})
