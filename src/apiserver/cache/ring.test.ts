import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ring } from './ring.ts'

test('Ring remembers the newest and knows what it forgot', () => {
  const ring = new Ring<{ revision: number }>(3, 10)
  assert.deepEqual([ring.floor, ring.after(10)], [10, []])
  for (const revision of [11, 13, 14]) ring.add({ revision })
  assert.deepEqual(
    ring.after(11).map(item => item.revision),
    [13, 14],
  )
  assert.equal(ring.floor, 10)
  for (const revision of [15, 20]) ring.add({ revision })
  assert.equal(ring.floor, 13)
  assert.deepEqual(
    ring.after(13).map(item => item.revision),
    [14, 15, 20],
  )
})
