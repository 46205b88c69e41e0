import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerRevisions } from '../api/apps/v1/controller-revision.ts'
import { componentStatuses } from '../api/core/v1/component-status.ts'
import { pods } from '../api/core/v1/pod.ts'
import { cell, columnsOf } from './table.ts'

const names = (resource: Parameters<typeof columnsOf>[0]) => columnsOf(resource).map(column => column.name)

test('columnsOf() are the declared ones as they are', () => {
  assert.deepEqual(names(controllerRevisions), ['Name', 'Controller', 'Revision', 'Age'])
  assert.ok(names(pods).includes('Age'))
  assert.ok(!names(componentStatuses).includes('Age'))
})

test('columnsOf() of a resource that declares none are name and time', () => {
  assert.deepEqual(names({ ...pods, columns: [] } as never), ['Name', 'Created At'])
})

test('cell() shows dates as ages', () => {
  const [, created] = columnsOf({ ...pods, columns: [] } as never)
  const shown = (creationTimestamp: string | undefined) =>
    cell(
      created!,
      { kind: 'Pod', apiVersion: 'v1', metadata: { creationTimestamp } } as never,
      Date.parse('2026-01-01T00:05:10Z'),
    )
  assert.equal(shown('2026-01-01T00:00:00Z'), '5m10s')
  assert.equal(shown(undefined), '<unknown>')
  assert.equal(shown('never'), '<unknown>')
})
