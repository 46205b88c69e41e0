import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonPath } from './json-path.ts'

const object = {
  metadata: { annotations: { 'a.b/c': 'x' } },
  spec: { list: [{ n: 1 }, { n: 2 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
  },
}

const cases: readonly (readonly [path: string, value: unknown])[] = [
  ['.spec.list[1].n', 2],
  ['.spec.list[*].n', 1],
  ['.spec.nothing.below', undefined],
  [".metadata.annotations['a.b/c']", 'x'],
  ['.metadata.annotations.a\\.b/c', undefined],
  ['.status.conditions[?(@.type=="Other")].status', 'False'],
  [".status.conditions[?(@.type == 'Ready')].status", 'True'],
]
for (const [path, value] of cases) {
  test(`jsonPath() finds ${path}`, () => assert.equal(jsonPath(path)!(object), value))
}

test('jsonPath() reads no scripts', () => assert.equal(jsonPath('.a[(@.length-1)]'), undefined))
