import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextBackoff, restartAt } from './crash-backoff.ts'

test('nextBackoff() doubles from 10 s to 5 min, and forgets after 10 min of peace', () => {
  let backoff = nextBackoff(undefined, 0)
  const delays = [backoff.delay]
  for (let i = 1; i < 7; i++) {
    backoff = nextBackoff(backoff, i)
    delays.push(backoff.delay)
  }
  assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  assert.equal(nextBackoff(backoff, 700_000).delay, 10_000)
})

test('restartAt() lets the first restart go at once', () => {
  assert.equal(restartAt(undefined, 1_000, 1_001), undefined)
  assert.equal(restartAt({ delay: 10_000, at: 500 }, 1_000, 1_001), 11_000)
  assert.equal(restartAt({ delay: 10_000, at: 500 }, 1_000, 11_000), undefined)
  assert.equal(restartAt({ delay: 300_000, at: 0 }, 700_000, 700_001), undefined)
})
