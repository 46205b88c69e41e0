import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../base/fake-clock.ts'
import { bytes, storageContract } from '../storage.suite.ts'
import { CompactedError } from '../storage.ts'
import { memoryStorage } from './memory.ts'

storageContract('memory', async () => memoryStorage())

test('memoryStorage() compacts history that is older than `keep`', async t => {
  const clock = new FakeClock()
  const store = memoryStorage({ clock, keep: 60_000 })
  t.after(() => store.close())
  await store.put('/a', bytes('1'))
  await store.put('/a', bytes('2'))
  clock.advance(30_000)
  assert.ok((await store.get('/a', { revision: 2 })).kv)
  clock.advance(90_000)
  await assert.rejects(store.get('/a', { revision: 2 }), CompactedError)
  assert.equal((await store.get('/a')).kv?.version, 2)
})

test('memoryStorage() bounds the number and the bytes of history', async t => {
  for (const limit of [{ keepEvents: 100 }, { keepBytes: 50_000 }]) {
    const store = memoryStorage(limit)
    t.after(() => store.close())
    for (let i = 0; i < 500; i += 1) await store.put(`/k/${i % 7}`, new Uint8Array(1000))
    const { bytes: held } = await store.size()
    assert.ok(held < 120_000, `${held} bytes held with ${JSON.stringify(limit)}`)
    await assert.rejects(store.get('/k/1', { revision: 2 }), CompactedError)
    assert.equal((await store.range({ prefix: '/k/' })).count, 7)
  }
})

test('memoryStorage() expires keys by its clock', async t => {
  const clock = new FakeClock()
  const store = memoryStorage({ clock })
  t.after(() => store.close())
  for (let i = 1; i <= 3; i += 1) await store.put(`/t/${i}`, bytes('x'), { ttl: i * 10 })
  for (const left of [2, 1, 0]) {
    clock.advance(10_001)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal((await store.range({ prefix: '/t/' })).count, left)
  }
})
