import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment } from '../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../api/apps/v1/replica-set.ts'
import { desiredAnnotation, maxReplicasAnnotation, planRollout, rolloutLimits } from './deployment-plan.ts'

let age = 0
const set = (name: string, replicas: number, { available = replicas, desired = 10, most = 13 } = {}) =>
  ({
    metadata: {
      name,
      creationTimestamp: new Date(++age * 1000).toISOString(),
      annotations: { [desiredAnnotation]: String(desired), [maxReplicasAnnotation]: String(most) },
    },
    spec: { replicas },
    status: { replicas, availableReplicas: available },
  }) as unknown as ReplicaSet
const deployment = (replicas: number, rollingUpdate?: object, more: object = {}) =>
  ({ spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate }, ...more } }) as unknown as Deployment
const plan = (of: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]) =>
  planRollout(of, current, old).map(({ set: { metadata }, to }) => [metadata.name, to])

test('rolloutLimits() rounds in favour of more pods, and always lets the rollout move', () => {
  assert.deepEqual(rolloutLimits(deployment(10)), { surge: 3, unavailable: 2 })
  assert.deepEqual(rolloutLimits(deployment(1)), { surge: 1, unavailable: 0 })
  assert.deepEqual(rolloutLimits(deployment(4, { maxSurge: 0, maxUnavailable: '10%' })), { surge: 0, unavailable: 1 })
  assert.deepEqual(rolloutLimits(deployment(2, { maxSurge: 0, maxUnavailable: 5 })), { surge: 0, unavailable: 2 })
})

test('planRollout() grows the new set as far as it may, then shrinks the old ones', () => {
  const of = deployment(10)
  assert.deepEqual(plan(of, set('new', 0), [set('old', 10)]), [['new', 3]])
  assert.deepEqual(plan(of, set('new', 3, { available: 0 }), [set('old', 10)]), [['old', 8]])
  assert.deepEqual(plan(of, set('new', 5, { available: 3 }), [set('old', 8)]), [['old', 5]])
  assert.deepEqual(plan(of, set('new', 10), [set('old', 2)]), [['old', 0]])
  assert.deepEqual(plan(of, set('new', 10), []), [])
})

test('planRollout() takes pods that are not well first', () => {
  const old = [set('sick', 4, { available: 1 }), set('well', 6)]
  assert.deepEqual(plan(deployment(10), set('new', 3, { available: 0 }), old), [['sick', 2]])
})

test('planRollout() shares a change of the number among all sets, and tells each', () => {
  const grown = plan(deployment(20), set('new', 3), [set('old', 10)])
  assert.deepEqual(grown, [
    ['old', 19],
    ['new', 6],
  ])
  const all = planRollout(deployment(11), set('new', 1, { desired: 10 }), [set('old', 10, { desired: 10 })])
  assert.ok(
    all.some(({ set: { metadata } }) => metadata.name === 'new'),
    'even one that keeps its number',
  )
})

test('planRollout() of a paused Deployment only scales', () => {
  const paused = deployment(10, undefined, { paused: true })
  assert.deepEqual(plan(paused, undefined, [set('old', 5, { desired: 5 })]), [['old', 10]])
  assert.deepEqual(plan(paused, set('new', 3), [set('old', 10)]), [])
})

test('planRollout() of the strategy Recreate empties the old sets first', () => {
  const of = { spec: { replicas: 3, strategy: { type: 'Recreate' } } } as unknown as Deployment
  const three = { desired: 3, most: 3 }
  assert.deepEqual(plan(of, undefined, [set('old', 3, three)]), [['old', 0]])
  assert.deepEqual(plan(of, set('new', 0, three), [set('old', 3, three)]), [['old', 0]])
  assert.deepEqual(plan(of, set('new', 0, three), [set('old', 0, three)]), [['new', 3]])
})
