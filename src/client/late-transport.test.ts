import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../api/core/v1/node.ts'
import { lateTransport } from './late-transport.ts'
import type { Transport } from './transport.ts'

const call = { verb: 'get', resource: nodes, name: 'n' } as const

function answering(answer: string): Transport & { closed: boolean } {
  return {
    closed: false,
    call: async () => answer,
    watch: async () => {},
    raw: async () => ({ status: 200, body: (async function* () {})() }),
    async close() {
      this.closed = true
    },
  }
}

test('calls made before there is a server are answered when there is one, and later ones by the newest', async () => {
  const late = lateTransport()
  const waiting = late.call(call)
  assert.equal(late.isConnected, false)
  const first = answering('first')
  late.connect(first)
  assert.equal(await waiting, 'first')
  late.connect(answering('second'))
  assert.equal(await late.call(call), 'second')
  assert.equal(first.closed, true)
})

test('a call that waits for a server ends with its signal, and all end when the transport is closed', async () => {
  const late = lateTransport()
  const stop = new AbortController()
  const aborted = late.call(call, stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(aborted, /enough/)
  const waiting = late.watch(call, { event: () => {}, ended: () => {} }, new AbortController().signal)
  await late.close()
  await assert.rejects(waiting, /no connection to an API server/)
})
