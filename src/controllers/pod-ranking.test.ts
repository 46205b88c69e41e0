import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/core/v1/pod.ts'
import { cheapestToLoseFirst } from './pod-ranking.ts'

const now = Date.UTC(2026, 0, 1)
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString()

interface Sketch {
  readonly node?: string
  readonly phase?: string
  readonly readyFor?: number
  readonly cost?: string
  readonly restarts?: number
  readonly age?: number
}

const pod = (name: string, { node = 'n', phase = 'Running', readyFor = 60, cost, restarts = 0, age = 60 }: Sketch) =>
  ({
    metadata: {
      name,
      creationTimestamp: ago(age),
      annotations: cost ? { 'controller.kubernetes.io/pod-deletion-cost': cost } : {},
    },
    spec: { ...(node && { nodeName: node }) },
    status: {
      phase,
      conditions: readyFor ? [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }] : [],
      containerStatuses: [{ restartCount: restarts }],
    },
  }) as unknown as Pod

test('cheapestToLoseFirst() orders as upstream does', () => {
  const ordered = [
    pod('unassigned', { node: '', phase: 'Pending', readyFor: 0 }),
    pod('pending', { phase: 'Pending', readyFor: 0 }),
    pod('not ready', { readyFor: 0 }),
    pod('cheap', { cost: '-5' }),
    pod('ready for a short time', { readyFor: 1 }),
    pod('restarted', { restarts: 3 }),
    pod('young', { age: 5, readyFor: 60 }),
    pod('usual', {}),
    pod('dear', { cost: '100' }),
  ]
  for (const [i, a] of ordered.entries()) {
    for (const b of ordered.slice(i + 1)) {
      assert.ok(cheapestToLoseFirst(now)(a, b) < 0, `${a.metadata.name} before ${b.metadata.name}`)
    }
  }
})

test('cheapestToLoseFirst() takes from the fuller node', () => {
  const all = [pod('alone', { node: 'a' }), pod('one', { node: 'b' }), pod('two', { node: 'b' })]
  assert.equal(all.toSorted(cheapestToLoseFirst(now, all)).at(-1)?.metadata.name, 'alone')
})
