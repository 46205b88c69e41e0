import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject } from '../../api/group-version.ts'
import { Entry, encodeStored, headOf } from './entry.ts'

const kind = { kind: 'ConfigMap', apiVersion: 'v1' }
const head = headOf(kind)
const object = {
  data: { a: 'ü' },
  metadata: { name: 'x', resourceVersion: '7' },
  ...kind,
} as unknown as KubernetesObject

test('encodeStored() leaves the revision out, and an Entry splices it in', () => {
  const stored = encodeStored(object)
  assert.equal(stored.toString(), '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"ü"}}')
  const entry = new Entry({ key: 'k', revision: 1234, stored, head })
  const wire = entry.wire()
  assert.equal(wire.length, entry.length)
  assert.deepEqual(JSON.parse(wire.toString()), { ...object, metadata: { resourceVersion: '1234', name: 'x' } })
  assert.deepEqual(entry.object, JSON.parse(wire.toString()))
  assert.ok(Object.isFrozen(entry.object.metadata))
  assert.equal(entry.at(99).object.metadata.resourceVersion, '99')
})

test('an Entry takes bytes in any order of fields', () => {
  const stored = Buffer.from('{"metadata":{"name":"x"},"apiVersion":"v1","kind":"ConfigMap","data":{"a":"b"}}')
  const entry = new Entry({ key: 'k', revision: 5, stored, head })
  assert.equal(
    entry.wire().toString(),
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"5","name":"x"},"data":{"a":"b"}}',
  )
})
