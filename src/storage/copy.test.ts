import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { copyStore } from './copy.ts'
import { memoryStorage } from './memory/memory.ts'
import { readCurrent } from './sqlite/read-current.ts'
import { sqliteStorage } from './sqlite/sqlite.ts'
import { bytes } from './storage.suite.ts'
import { CompactedError } from './storage.ts'

const folder = mkdtempSync(join(tmpdir(), 'kobune-copy-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const note = () => {}

test('a SQLite store is copied whole, at revisions that its clients have not seen', async t => {
  const file = join(folder, 'source.db')
  const source = await sqliteStorage({ file })
  for (let i = 0; i < 1200; i++) await source.put(`/registry/things/${i}`, bytes(`value ${i}`))
  await source.put('/registry/things/5', bytes('newer'))
  await source.delete('/registry/things/6')
  await source.put('/registry/events/soon', bytes('event'), { ttl: 3600 })
  await source.put('/registry/events/over', bytes('event'), { ttl: 0.001 })
  await source.close()

  const { entries, revision } = readCurrent(file)
  const target = memoryStorage()
  t.after(() => target.close())
  const copied = await copyStore({ entries, to: target, above: revision, note, now: () => Date.now() + 1000 })
  assert.equal(copied.keys, 1200)
  assert.equal((await target.range({ prefix: '' })).count, 1200)
  const { kv } = await target.get('/registry/things/5')
  assert.equal(Buffer.from(kv!.value).toString(), 'newer')
  assert.ok(kv!.modRevision > revision)
  assert.equal((await target.get('/registry/things/6')).kv, undefined)
  assert.ok((await target.get('/registry/events/soon')).kv)
  await assert.rejects(target.get('/registry/things/5', { revision }), CompactedError)
})

test('a target that holds anything is left alone', async t => {
  const target = memoryStorage()
  t.after(() => target.close())
  await target.put('/registry/things/a', bytes('a'))
  const entries = [{ key: '/registry/things/b', value: bytes('b'), expires: 0 }]
  await assert.rejects(copyStore({ entries, to: target, above: 0, note }), /holds 1 keys already/)
  assert.equal((await target.range({ prefix: '' })).count, 1)
})
