import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffLeft, formatIndexes, parseIndexes } from './job-pods.ts'

test('parseIndexes() and formatIndexes() are each other turned around', () => {
  for (const text of ['', '0', '0,1', '0-2', '1,3-5,7,9,10']) assert.equal(formatIndexes(parseIndexes(text)), text)
})

test('backoffLeft() doubles with each failure since the last success', () => {
  const now = Date.UTC(2026, 0, 1)
  const pod = (phase: string, secondsAgo: number) => ({
    metadata: { creationTimestamp: new Date(now - secondsAgo * 1000).toISOString() },
    status: { phase },
  })
  const left = (...pods: object[]) => backoffLeft({ spec: {} } as never, pods as never, now) / 1000
  assert.equal(left(), 0)
  assert.equal(left(pod('Failed', 4)), 6)
  assert.equal(left(pod('Failed', 4), pod('Failed', 40), pod('Failed', 400)), 36)
  assert.equal(left(pod('Failed', 4), pod('Succeeded', 40), pod('Failed', 400)), 6)
  assert.equal(left(pod('Failed', 11)), 0)
  assert.equal(left(...Array.from({ length: 20 }, () => pod('Failed', 0))), 600)
})
