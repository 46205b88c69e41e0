import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeConditions } from './node-conditions.ts'

const calm = { memory: false, disk: false, pids: false }

test('nodeConditions() tells what is wrong, and since when', () => {
  const now = Date.UTC(2026, 0, 1)
  const well = nodeConditions(undefined, now, { pressures: calm, problems: [] })
  assert.deepEqual(
    well.map(c => [c.type, c.status, c.reason]),
    [
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory'],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID'],
      ['Ready', 'True', 'KubeletReady'],
    ],
  )
  assert.equal(well.at(-1)?.message, 'kubelet is posting ready status')
  const later = nodeConditions(well, now + 60_000, { pressures: { ...calm, disk: true }, problems: ['a', 'b'] })
  const [memory, disk, , ready] = later
  assert.deepEqual(
    [memory?.lastTransitionTime, memory?.lastHeartbeatTime],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
  )
  assert.deepEqual([disk?.status, disk?.lastTransitionTime], ['True', '2026-01-01T00:01:00Z'])
  assert.deepEqual([ready?.reason, ready?.message], ['KubeletNotReady', '[a, b]'])
})
