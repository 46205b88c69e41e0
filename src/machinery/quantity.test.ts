import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalQuantity } from '../schema/quantity.ts'
import {
  addQuantities,
  bytesQuantity,
  compareQuantities,
  milliQuantity,
  quantityMilli,
  quantityValue,
  subtractQuantities,
} from './quantity.ts'

const canonical: readonly [string, string | undefined][] = [
  ['0', '0'],
  ['100m', '100m'],
  ['1000m', '1'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['1.5', '1500m'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Mi', '512Ki'],
  ['512', '512'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['1E', '1E'],
  ['12e5', '1200e3'],
  ['-1', '-1'],
  ['+1', '1'],
  ['100n', '100n'],
  ['0.1n', '1n'],
  ['1000000Ki', '1000000Ki'],
  ['', undefined],
  ['.', undefined],
  ['1x', undefined],
  ['1 Gi', undefined],
  ['Gi', undefined],
  ['1.2.3', undefined],
]
for (const [text, expected] of canonical) {
  test(`canonicalQuantity() of ${JSON.stringify(text)}`, () => assert.equal(canonicalQuantity(text), expected))
}

test('quantities compare and add exactly', () => {
  assert.equal(compareQuantities('1', '1000m'), 0)
  assert.ok(compareQuantities('1Gi', '1G') > 0)
  assert.equal(addQuantities('100m', '0.9'), '1')
  assert.equal(addQuantities('1Gi', '512Mi'), '1536Mi')
  assert.equal(subtractQuantities('4', '250m'), '3750m')
})

test('quantities round up to whole numbers', () => {
  assert.equal(quantityValue('1.5'), 2)
  assert.equal(quantityMilli('1u'), 1)
  assert.equal(quantityValue('1Ki'), 1024)
  assert.equal(bytesQuantity(1024 * 1024 * 3), '3Mi')
  assert.equal(milliQuantity(2000), '2')
})
