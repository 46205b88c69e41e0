import assert from 'node:assert/strict'
import { test } from 'node:test'
import { humanAge } from './table.ts'

test('humanAge() rounds as kubectl does', () => {
  const minute = 60
  const hour = 60 * minute
  const day = 24 * hour
  const cases: readonly (readonly [seconds: number, text: string])[] = [
    [-5, '<invalid>'],
    [0, '0s'],
    [119, '119s'],
    [2 * minute, '2m'],
    [5 * minute + 10, '5m10s'],
    [100 * minute, '100m'],
    [3 * hour + 5 * minute, '3h5m'],
    [30 * hour, '30h'],
    [2 * day + 4 * hour, '2d4h'],
    [8 * day + 4 * hour, '8d'],
    [800 * day, '2y70d'],
  ]
  for (const [seconds, text] of cases) assert.equal(humanAge(seconds * 1000), text)
})
