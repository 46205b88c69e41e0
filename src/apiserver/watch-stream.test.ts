import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusError } from '../machinery/status-error.ts'
import { jsonForm } from './negotiation.ts'
import type { Answer, Follower } from './registry/api-request.ts'
import { watchStream } from './watch-stream.ts'

/** A watch whose events the test makes, and a client that reads when it is told to. */
async function watched() {
  let follower: Follower | undefined
  let stopped = false
  const answer = {
    type: 'watch',
    served: { resource: { kind: 'Pod', apiVersion: 'v1' } },
    follow(given: Follower) {
      follower = given
      return () => {
        stopped = true
      }
    },
  } as unknown as Extract<Answer, { type: 'watch' }>
  const reply = await watchStream(answer, jsonForm, () => undefined)
  const written: string[] = []
  let read: (() => void) | undefined
  const sink = {
    write(chunk: Uint8Array) {
      written.push(Buffer.from(chunk).toString())
      return false
    },
    drained: () =>
      new Promise<void>(resolve => {
        read = resolve
      }),
  }
  const gone = new AbortController()
  const running = reply.run!(sink, gone.signal)
  return { follower: follower!, running, written, read: () => read!(), gone, stopped: () => stopped }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

test('a watcher that does not keep up is ended', async () => {
  const watch = await watched()
  watch.follower.bookmark(1, false)
  await turn()
  assert.equal(watch.written.length, 1)
  for (let i = 0; i < 9000; i += 1) watch.follower.bookmark(i, false)
  await watch.running
  assert.ok(watch.stopped())
  assert.equal(watch.written.length, 1)
})

test('what ends a watch is told, also to a slow watcher', async () => {
  const watch = await watched()
  watch.follower.bookmark(1, false)
  await turn()
  watch.follower.ended(statusError('Expired', 'too old resource version'))
  await turn()
  assert.equal(watch.written.length, 1)
  watch.read()
  await turn()
  watch.read()
  await watch.running
  assert.match(watch.written[1]!, /"type":"ERROR".*"code":410/)
})

test('a client that goes away ends its watch', async () => {
  const watch = await watched()
  watch.gone.abort()
  await watch.running
  assert.ok(watch.stopped())
})
