import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectorAttributes } from './selector-attributes.ts'

test('selectorAttributes() says what selectors leave', () => {
  const read = (params: Record<string, string>) => selectorAttributes(name => params[name])
  assert.deepEqual(read({}), {})
  assert.deepEqual(read({ fieldSelector: 'spec.nodeName=n1,metadata.name=x' }), {
    name: 'x',
    fieldSelector: [
      { key: 'spec.nodeName', operator: 'In', values: ['n1'] },
      { key: 'metadata.name', operator: 'In', values: ['x'] },
    ],
  })
  assert.deepEqual(read({ labelSelector: 'a,b!=c' }).labelSelector, [
    { key: 'a', operator: 'Exists', values: [] },
    { key: 'b', operator: 'NotIn', values: ['c'] },
  ])
  assert.deepEqual(read({ fieldSelector: 'nonsense', labelSelector: 'a in (' }), {})
})
