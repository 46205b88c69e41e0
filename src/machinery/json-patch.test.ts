import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonPatchError, jsonPatch } from './json-patch.ts'

const document = { a: { b: [1, 2, 3] }, 'c/d': 'x' }
const cases: readonly [object[], unknown][] = [
  [[{ op: 'add', path: '/e', value: 1 }], { ...document, e: 1 }],
  [[{ op: 'add', path: '/a/b/1', value: 9 }], { ...document, a: { b: [1, 9, 2, 3] } }],
  [[{ op: 'add', path: '/a/b/-', value: 9 }], { ...document, a: { b: [1, 2, 3, 9] } }],
  [[{ op: 'remove', path: '/a/b/0' }], { ...document, a: { b: [2, 3] } }],
  [[{ op: 'replace', path: '/c~1d', value: 'y' }], { ...document, 'c/d': 'y' }],
  [[{ op: 'move', from: '/c~1d', path: '/f' }], { a: { b: [1, 2, 3] }, f: 'x' }],
  [[{ op: 'copy', from: '/a/b', path: '/g' }], { ...document, g: [1, 2, 3] }],
  [[{ op: 'test', path: '/a', value: { b: [1, 2, 3] } }], document],
  [[{ op: 'test', path: '/z', value: null }], document],
  [[{ op: 'replace', path: '', value: {} }], {}],
]
for (const [patch, expected] of cases) {
  test(`jsonPatch() with ${JSON.stringify(patch)}`, () => {
    const before = structuredClone(document)
    assert.deepEqual(jsonPatch(document, patch), expected)
    assert.deepEqual(document, before)
  })
}

const wrong: readonly [object, string][] = [
  [[{ op: 'remove', path: '/z' }], 'remove operation does not apply: doc is missing path: "/z": missing value'],
  [
    [{ op: 'replace', path: '/z', value: 1 }],
    'replace operation does not apply: doc is missing key: /z: missing value',
  ],
  [[{ op: 'test', path: '/c~1d', value: 'y' }], 'testing value /c~1d failed: test failed'],
  [[{ op: 'add', path: '/y/z', value: 1 }], 'add operation does not apply: doc is missing path: "/y/z": missing value'],
  [[{ op: 'add', path: '/a/b/9', value: 1 }], 'Unable to access invalid index: 9: invalid index referenced'],
  [[{ op: 'jump', path: '/a' }], 'Unexpected kind: jump'],
  [{}, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
]
for (const [patch, message] of wrong) {
  test(`jsonPatch() refuses ${JSON.stringify(patch)}`, () =>
    assert.throws(
      () => jsonPatch(document, patch),
      error => error instanceof JsonPatchError && error.message === message,
    ))
}
