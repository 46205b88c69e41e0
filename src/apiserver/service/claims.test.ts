import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStorage } from '../../storage/memory/memory.ts'
import { Claims } from './claims.ts'

const owner = (name: string) => ({ namespace: 'default', name, uid: `uid-${name}` })

test("a claim is one owner's until that one gives it back, whoever asks meanwhile", async t => {
  const storage = memoryStorage()
  t.after(() => storage.close())
  // Two servers.
  const [a, b] = [new Claims(storage, '/c/'), new Claims(storage, '/c/')]
  assert.equal(await a.take('10.96.0.9', owner('one')), undefined)
  assert.equal(await a.take('10.96.0.9', owner('one')), undefined, 'once more is fine')
  assert.deepEqual((await b.take('10.96.0.9', owner('two')))?.owner, owner('one'))
  await b.release('10.96.0.9', owner('two'))
  assert.deepEqual((await b.take('10.96.0.9', owner('two')))?.owner, owner('one'), 'only the owner gives back')
  await b.release('10.96.0.9', owner('one'))
  assert.equal(await b.take('10.96.0.9', owner('two')), undefined)
  const [looked] = await a.list()
  assert.ok(looked)
  await b.release('10.96.0.9', owner('two'))
  assert.equal(await a.take('10.96.0.9', owner('three')), undefined)
  await a.remove(looked)
  assert.deepEqual((await a.get('10.96.0.9'))?.owner, owner('three'), 'what changed since it was looked at stays')
})

test('of many takers one gets a claim', async t => {
  const storage = memoryStorage()
  t.after(() => storage.close())
  const takers = Array.from({ length: 20 }, (_, i) => new Claims(storage, '/c/').take('30000', owner(String(i))))
  assert.equal((await Promise.all(takers)).filter(held => held === undefined).length, 1)
})
