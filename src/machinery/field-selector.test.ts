import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldSelectorText, matchesFields, parseFieldSelector } from './field-selector.ts'

const pod = { metadata: { name: 'a,b=c' }, spec: { nodeName: 'n' }, status: { phase: 'Running' } }
const matching: readonly [string, boolean][] = [
  ['', true],
  ['spec.nodeName=n', true],
  ['spec.nodeName==n,status.phase!=Failed', true],
  ['spec.nodeName!=n', false],
  ['spec.hostNetwork=false', true],
  ['status.podIP=', true],
  ['metadata.name=a\\,b\\=c', true],
]
for (const [text, expected] of matching) {
  test(`field selector ${JSON.stringify(text)}`, () => {
    const selector = parseFieldSelector(text)
    assert.equal(matchesFields(selector, pod), expected)
    assert.deepEqual(parseFieldSelector(fieldSelectorText(selector)), selector)
  })
}

test('parseFieldSelector() refuses what has no operator', () => {
  assert.throws(() => parseFieldSelector('abc'), { message: "invalid selector: 'abc'; can't understand 'abc'" })
})
