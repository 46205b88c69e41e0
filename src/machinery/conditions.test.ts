import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyCondition, getCondition, setCondition } from './conditions.ts'

const early = '2024-01-01T00:00:00Z'
const late = '2024-01-02T00:00:00Z'

test('setCondition() keeps the time of the last transition while the status stays', () => {
  const one = setCondition<AnyCondition>(undefined, { type: 'Ready', status: 'True' }, early)
  assert.equal(one[0]?.lastTransitionTime, early)
  const same = setCondition(one, { type: 'Ready', status: 'True' }, late)
  assert.equal(same, one)
  const told = setCondition(one, { type: 'Ready', status: 'True', reason: 'Why' }, late)
  assert.equal(getCondition(told, 'Ready')?.lastTransitionTime, early)
  const changed = setCondition(told, { type: 'Ready', status: 'False' }, late)
  assert.deepEqual(changed, [{ type: 'Ready', status: 'False', lastTransitionTime: late }])
})
