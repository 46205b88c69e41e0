import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../base/fake-clock.ts'
import { WorkQueue } from './work-queue.ts'

test('WorkQueue gives a key once however often it is added', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
  assert.equal(queue.length, 2)
  assert.deepEqual([await queue.take(), await queue.take()], ['a', 'b'])
})

test('WorkQueue gives a key to one worker at a time, and again when it was added meanwhile', async () => {
  const queue = new WorkQueue({ clock: new FakeClock() })
  queue.add('a')
  await queue.take()
  const second = queue.take()
  queue.add('a')
  queue.add('b')
  assert.equal(await second, 'b')
  queue.done('a')
  assert.equal(await queue.take(), 'a')
  queue.done('a')
  assert.equal(queue.length, 0)
})

test('WorkQueue.retry() doubles the wait until the key is well', () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock, first: 10, most: 35 })
  const waits: number[] = []
  for (let i = 0; i < 5; i++) {
    if (i === 4) queue.forget('a')
    queue.retry('a')
    let waited = 0
    for (; queue.length === 0; waited++) clock.advance(1)
    waits.push(waited)
    void queue.take()
    queue.done('a')
  }
  assert.deepEqual(waits, [10, 20, 35, 35, 10])
})

test('WorkQueue.addAfter() keeps the soonest of several times', () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  queue.addAfter('a', 100)
  queue.addAfter('a', 10)
  queue.addAfter('a', 50)
  clock.advance(10)
  assert.equal(queue.length, 1)
  void queue.take()
  queue.done('a')
  clock.advance(1000)
  assert.equal(queue.length, 0)
})

test('WorkQueue.close() lets waiting workers go and takes no more keys', async () => {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock })
  const waiting = queue.take()
  queue.addAfter('a', 10)
  queue.close()
  queue.add('b')
  clock.advance(10)
  assert.deepEqual([await waiting, await queue.take(), queue.length], [undefined, undefined, 0])
})
