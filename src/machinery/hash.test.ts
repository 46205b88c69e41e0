import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortHash } from './hash.ts'
import { generatedName, nameAlphabet } from './namer.ts'

test('shortHash() is stable, whatever the order of keys', () => {
  assert.equal(shortHash({ a: 1, b: [2] }), shortHash({ b: [2], a: 1, c: undefined }))
  assert.notEqual(shortHash({ a: 1 }), shortHash({ a: 2 }))
  assert.notEqual(shortHash({ a: 1 }), shortHash({ a: 1 }, '1'))
  assert.match(shortHash({}), new RegExp(`^[${nameAlphabet}]+$`))
})

test('generatedName() keeps within a label', () => {
  assert.equal(generatedName('a'.repeat(80)).length, 63)
  assert.match(generatedName('web-'), new RegExp(`^web-[${nameAlphabet}]{5}$`))
})
