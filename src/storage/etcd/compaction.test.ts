import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../base/fake-clock.ts'
import { memoryStorage } from '../memory/memory.ts'
import { CompactedError, type Storage } from '../storage.ts'
import { keepCompacted } from './compaction.ts'

const settle = () => new Promise(resolve => setTimeout(resolve, 5))

test('of several servers one compacts, and what is younger than an interval stays', async t => {
  const storage = memoryStorage()
  t.after(() => storage.close())
  const compactions: number[] = []
  const counted: Storage = Object.create(storage, {
    compact: {
      value: (revision: number) => {
        compactions.push(revision)
        return storage.compact(revision)
      },
    },
  })
  for (const method of ['revision', 'put'] as const) {
    Object.defineProperty(counted, method, { value: storage[method].bind(storage) })
  }
  const clock = new FakeClock()
  const running = [1, 2, 3].map(() => keepCompacted(counted, 1000, clock))
  t.after(() => {
    for (const one of running) one.stop()
  })
  const revisions: number[] = []
  for (let round = 0; round < 4; round += 1) {
    const written = await storage.put('/registry/a', Buffer.from(String(round)))
    revisions.push(written.revision)
    clock.advance(1000)
    await settle()
  }
  assert.equal(compactions.length, new Set(compactions).size, 'none twice')
  assert.ok(compactions.length >= 2, `${compactions}`)
  await assert.rejects(storage.get('/registry/a', { revision: revisions[0]! }), CompactedError)
  assert.equal((await storage.get('/registry/a', { revision: revisions.at(-1)! })).kv?.value.toString(), '3')
})
