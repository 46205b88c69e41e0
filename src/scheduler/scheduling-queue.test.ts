import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../base/fake-clock.ts'
import type { ClusterChange, Plugin } from './framework.ts'
import { podInfo } from './pod-info.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

const info = (uid: string, priority = 0) =>
  podInfo({ metadata: { uid, name: uid, namespace: 'a' }, spec: { containers: [], priority }, status: {} } as never)
const waitsFor = (...wakes: ClusterChange[]): Plugin => ({ name: 'Test', wakes })
const taken = (queue: SchedulingQueue) => {
  const all: string[] = []
  for (let pod = queue.take(); pod; pod = queue.take()) all.push(pod.pod.metadata.uid)
  return all
}

function scene(uids: readonly string[] = []) {
  const clock = new FakeClock()
  const queue = new SchedulingQueue(clock)
  for (const uid of uids) queue.add(info(uid))
  return { clock, queue }
}

test('SchedulingQueue gives the more important first, then the older', () => {
  const { clock, queue } = scene()
  for (const [uid, priority] of [
    ['old', 0],
    ['new', 0],
    ['high', 5],
    ['low', -5],
  ] as const) {
    queue.add(info(uid, priority))
    clock.advance(1)
  }
  assert.deepEqual(taken(queue), ['high', 'old', 'new', 'low'])
})

test('SchedulingQueue wakes a pod by what its refusers wait for, and by nothing else', () => {
  const { queue } = scene(['a'])
  taken(queue)
  queue.failed('a', [waitsFor('node-added')])
  queue.changed('pod-gone')
  assert.deepEqual(taken(queue), [])
  queue.changed('node-added')
  assert.deepEqual(taken(queue), ['a'])
})

test('SchedulingQueue keeps a crowd to its back-off', () => {
  const uids = Array.from({ length: 100 }, (_, i) => `pod-${i}`)
  const { clock, queue } = scene(uids)
  for (const uid of taken(queue)) queue.failed(uid, [waitsFor('pod-gone')])
  queue.changed('pod-gone')
  assert.deepEqual(taken(queue), [])
  clock.advance(1_000)
  assert.equal(taken(queue).length, 100)
})

test('SchedulingQueue tries after five minutes what nothing woke', () => {
  const { clock, queue } = scene(['a'])
  taken(queue)
  queue.failed('a', [waitsFor()])
  clock.advance(299_000)
  assert.deepEqual(taken(queue), [])
  clock.advance(1_000)
  assert.deepEqual(taken(queue), ['a'])
})

test('SchedulingQueue backs off after failed bindings, longer each time', () => {
  const { clock, queue } = scene(['a'])
  for (const wait of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    assert.deepEqual(taken(queue), ['a'])
    queue.failed('a', [])
    clock.advance(wait - 1)
    assert.deepEqual(taken(queue), [])
    clock.advance(1)
  }
})

test('SchedulingQueue tries a pod again that changed under work, and never twice at once', () => {
  const { queue } = scene(['a'])
  taken(queue)
  queue.add(info('a'))
  assert.deepEqual(taken(queue), [])
  queue.failed('a', [waitsFor()])
  assert.deepEqual(taken(queue), ['a'])
  queue.remove('a')
  queue.failed('a', [])
  assert.equal(queue.size, 0)
})

test('SchedulingQueue.ready() waits for a pod, or the end', async () => {
  const { queue } = scene()
  const ready = queue.ready()
  queue.add(info('a'))
  assert.equal(await ready, true)
  taken(queue)
  const over = queue.ready()
  queue.close()
  assert.equal(await over, false)
})
