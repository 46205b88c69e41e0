import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodStatus } from '../../api/core/v1/pod-status.ts'
import { systemClock } from '../../base/clock.ts'
import { createClient } from '../../client/client.ts'
import type { Transport } from '../../client/transport.ts'
import { statusWriter } from './status-writer.ts'
import { testPod } from './testdata/pods.ts'

/** An API server of before observedGeneration: it leaves out what it does not know. */
function olderServer() {
  const patches: { status: Record<string, unknown> }[] = []
  let version = 1
  const transport = {
    call: async ({ body }: { body?: unknown }) => {
      const patch = body as (typeof patches)[number]
      patches.push(patch)
      const { observedGeneration: _, ...status } = patch.status
      return testPod({}, { metadata: { resourceVersion: String(++version) }, status })
    },
  } as Partial<Transport> as Transport
  return { patches, client: createClient(transport) }
}

test('a status is written once, whatever an older API server makes of it, and then the next', async () => {
  const { patches, client } = olderServer()
  const writer = statusWriter(client, systemClock)
  const running = { phase: 'Running', observedGeneration: 1 } as PodStatus
  writer.write(testPod(), running)
  await writer.settled('u1')
  assert.deepEqual(
    patches.map(({ status }) => status),
    [running],
  )
  // What is wanted while one is on its way follows it.
  writer.write(testPod(), { ...running, phase: 'Failed' })
  writer.write(testPod(), { ...running, phase: 'Succeeded' })
  await writer.settled('u1')
  assert.equal(patches.at(-1)!.status.phase, 'Succeeded')
  assert.ok(patches.length <= 3, JSON.stringify(patches))
  writer.stop()
})
