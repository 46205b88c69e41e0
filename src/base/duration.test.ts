import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, humanDuration, parseDuration, shortDuration } from './duration.ts'

const second = 1000
const ages: readonly [number, string][] = [
  [-5, '<invalid>'],
  [-1, '0s'],
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [200, '3m20s'],
  [599, '9m59s'],
  [600, '10m'],
  [179 * 60, '179m'],
  [3 * 3600, '3h'],
  [3 * 3600 + 120, '3h2m'],
  [8 * 3600 + 120, '8h'],
  [47 * 3600, '47h'],
  [51 * 3600, '2d3h'],
  [9 * 86400 + 7200, '9d'],
  [3 * 365 * 86400 + 20 * 86400, '3y20d'],
  [9 * 365 * 86400 + 20 * 86400, '9y'],
]
for (const [seconds, text] of ages) {
  test(`humanDuration() of ${seconds} s is ${text}`, () => assert.equal(humanDuration(seconds * second), text))
}

const durations: readonly [string, number, string][] = [
  ['1h30m', 5_400_000, '1h30m0s'],
  ['300ms', 300, '300ms'],
  ['1.5s', 1500, '1.5s'],
  ['-2m', -120_000, '-2m0s'],
  ['0', 0, '0s'],
  ['5us', 0.005, '5µs'],
]
for (const [text, milliseconds, formatted] of durations) {
  test(`parseDuration() and formatDuration() of ${text}`, () => {
    assert.equal(parseDuration(text), milliseconds)
    assert.equal(formatDuration(milliseconds), formatted)
  })
}

test('parseDuration() refuses what is no duration', () => {
  for (const text of ['', '5', 's', '1d', '1h x']) assert.equal(parseDuration(text), undefined)
})

test('shortDuration() has the largest unit only, rounded down', () => {
  const shown = [-5, 0, 59, 3599, 86_399, 364.9 * 86_400, 730 * 86_400].map(seconds => shortDuration(seconds * second))
  assert.deepEqual(shown, ['<invalid>', '0s', '59s', '59m', '23h', '364d', '2y'])
})
