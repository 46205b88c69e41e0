import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileFields, validateFieldRef } from './env.ts'

const told = (fieldPath: string, allowed?: readonly string[]) =>
  validateFieldRef({ apiVersion: 'v1', fieldPath }, 'at', allowed).map(String)

test('validateFieldRef() knows what may be a variable', () => {
  assert.deepEqual(told('status.podIP'), [])
  assert.deepEqual(told("metadata.labels['app']"), [])
  assert.match(told('metadata.labels')[0]!, /^at.fieldPath: Unsupported value: "metadata.labels": supported values: /)
  assert.match(told('spec.nothing')[0]!, /field label not supported: spec.nothing/)
})

test('validateFieldRef() knows what may be a file', () => {
  for (const path of ['metadata.labels', 'metadata.annotations', 'metadata.name', "metadata.annotations['a']"]) {
    assert.deepEqual(told(path, fileFields), [])
  }
  assert.match(told('status.podIP', fileFields)[0]!, /Unsupported value: "status.podIP"/)
})
