import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scaledValue } from './int-or-string.ts'

test('scaledValue() takes numbers and percentages', () => {
  assert.equal(scaledValue(3, 10, 'up'), 3)
  assert.equal(scaledValue('25%', 10, 'up'), 3)
  assert.equal(scaledValue('25%', 10, 'down'), 2)
  assert.equal(scaledValue('0%', 10, 'up'), 0)
  assert.equal(scaledValue('x', 10, 'up'), undefined)
})
