import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatLabelSelector,
  labelSelectorOf,
  labelSelectorText,
  matchesLabels,
  parseLabelSelector,
  validateLabelSelector,
} from './label-selector.ts'

const labels = { app: 'web', tier: 'front', size: '5', 'example.com/x': '' }
const matching: readonly [string, boolean][] = [
  ['', true],
  ['app', true],
  ['!app', false],
  ['app=web', true],
  ['app==web', true],
  ['app = web , tier!=back', true],
  ['app!=web', false],
  ['other!=x', true],
  ['app in (web,db)', true],
  ['app notin (web, db)', false],
  ['other notin (a)', true],
  ['size>4', true],
  ['size<5', false],
  ['example.com/x', true],
  ['example.com/x=', true],
  ['app in (db),tier', false],
]
for (const [text, expected] of matching) {
  test(`selector ${JSON.stringify(text)} ${expected ? 'matches' : 'does not match'}`, () =>
    assert.equal(matchesLabels(parseLabelSelector(text), labels), expected))
}

const wrong: readonly [string, string | RegExp][] = [
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a,', "found '', expected: identifier after ','"],
  [',a', "found ',', expected: !, identifier, or 'end of string'"],
  ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  ['a in b', "unable to parse requirement: found 'b' expected: '('"],
  ['a in (b', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ['-a=b', /^unable to parse requirement: key: Invalid value: "-a": name part must consist of/],
  ['a=-', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-": a valid label must be/],
]
for (const [text, message] of wrong) {
  test(`selector ${JSON.stringify(text)} is refused`, () => assert.throws(() => parseLabelSelector(text), { message }))
}

test('selector objects select and are shown as text', () => {
  const object = { matchLabels: { b: '1' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }] }
  assert.equal(formatLabelSelector(object), 'a in (x,y),b=1')
  assert.equal(formatLabelSelector({}), '<none>')
  assert.equal(matchesLabels(labelSelectorOf(undefined), {}), false)
  assert.equal(matchesLabels(labelSelectorOf({}), {}), true)
  assert.equal(matchesLabels(labelSelectorOf(object), { a: 'x', b: '1' }), true)
  assert.equal(labelSelectorText(parseLabelSelector('!b,a in (z,y),c>1')), 'a in (y,z),!b,c>1')
})

test('validateLabelSelector() says where it is wrong', () => {
  const errors = validateLabelSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] }, 'spec.selector')
  assert.deepEqual(errors.map(String), [
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ])
})
