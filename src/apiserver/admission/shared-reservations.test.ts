import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStorage } from '../../storage/memory/memory.ts'
import { type SharedReservation, SharedReservations } from './shared-reservations.ts'

const one = (uid: string): SharedReservation => ({
  uid,
  resource: '/pods',
  replaces: 0,
  more: { q: new Map([['pods', 1n]]) },
})

test('several servers never admit more than there is room for, and forget what shows', async t => {
  const storage = memoryStorage()
  t.after(() => storage.close())
  const servers = [1, 2, 3].map(() => new SharedReservations({ storage, reached: async () => undefined }))
  const shown = new Set<string>()
  const admit = async (uid: string, i: number) => {
    let admitted = false
    await servers[i % 3]!.reserve(
      'default',
      ({ uid }) => shown.has(uid),
      held => {
        admitted = held.length + shown.size < 5
        return admitted ? one(uid) : undefined
      },
    )
    return admitted
  }
  const all = await Promise.all(Array.from({ length: 30 }, (_, i) => admit(`a${i}`, i)))
  assert.equal(all.filter(Boolean).length, 5)
  for (const [i, admitted] of all.entries()) if (admitted) shown.add(`a${i}`)
  assert.equal(await admit('late', 0), false)
  shown.delete([...shown][0]!)
  assert.equal(await admit('again', 1), false, 'what was reserved and does not show still counts')
})

test('what is refused reserves nothing', async t => {
  const storage = memoryStorage()
  t.after(() => storage.close())
  const server = new SharedReservations({ storage, reached: async () => undefined })
  const refusal = new Error('no room')
  await assert.rejects(
    server.reserve(
      'default',
      () => false,
      () => {
        throw refusal
      },
    ),
    refusal,
  )
  await server.reserve(
    'default',
    () => false,
    held => {
      assert.deepEqual(held, [])
      return one('a')
    },
  )
})
