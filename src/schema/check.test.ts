import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '../api/core/v1/pod.ts'
import { check } from './check.ts'
import { int32, listBy, required, setOf, string, struct } from './schema.ts'
import { view } from './view.ts'

test('check() asks for required fields, but not in the status', () => {
  const pod = {
    spec: { containers: [{ name: '', ports: [{}] }] },
    status: { containerStatuses: [{}] },
  }
  assert.deepEqual(check(view(Pod), pod).map(String), ['spec.containers[0].name: Required value'])
  assert.deepEqual(check(view(Pod), { spec: {} }).map(String), ['spec.containers: Required value'])
})

class Item extends struct('test', { name: required(string()) }, { custom: true }) {}
class Custom extends struct(
  'test',
  {
    items: listBy(Item, ['name']),
    set: setOf(string()),
    size: int32({ minimum: 1 }),
    kind: string({ enum: ['A', 'B'] }),
  },
  { custom: true },
) {}

test('check() finds duplicates, and values out of their range or enumeration', () => {
  const object = { items: [{ name: 'a' }, { name: 'a' }], set: ['x', 'x'], size: 0, kind: 'C' }
  assert.deepEqual(check(view(Custom), object).map(String), [
    'items[1]: Duplicate value: {"name":"a"}',
    'set[1]: Duplicate value: "x"',
    'size: Invalid value: 0: must be greater than or equal to 1',
    'kind: Unsupported value: "C": supported values: "A", "B"',
  ])
})
