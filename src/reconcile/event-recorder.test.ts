import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events } from '../api/core/v1/event.ts'
import { FakeClock } from '../base/fake-clock.ts'
import { MemoryApi } from '../client/memory-api.ts'
import { eventRecorder } from './event-recorder.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'a', uid: '1', resourceVersion: '2' } }

function scene() {
  const [api, clock] = [new MemoryApi(), new FakeClock()]
  const recorder = eventRecorder(api.client, { component: 'kubelet', host: 'node-1' }, clock)
  const told = async () => (await api.client.list(events)).items
  return { api, clock, recorder, told }
}

test('eventRecorder() writes an event about the object', async () => {
  const { recorder, told } = scene()
  recorder.event(pod as never, 'Normal', 'Started', 'Started container web')
  await recorder.flush()
  const [{ metadata, involvedObject, ...event } = {} as never] = await told()
  assert.match(metadata.name, /^web\.[0-9a-f]{16}$/)
  assert.equal(metadata.namespace, 'a')
  assert.deepEqual(involvedObject, {
    apiVersion: 'v1',
    kind: 'Pod',
    name: 'web',
    namespace: 'a',
    uid: '1',
    resourceVersion: '2',
  })
  assert.deepEqual(
    [event.type, event.reason, event.message, event.count],
    ['Normal', 'Started', 'Started container web', 1],
  )
  assert.deepEqual(event.source, { component: 'kubelet', host: 'node-1' })
  assert.equal(event.firstTimestamp, '2026-01-01T00:00:00Z')
})

test('eventRecorder() counts what repeats on the first event, and begins anew when that is gone', async () => {
  const { api, clock, recorder, told } = scene()
  const tell = async () => {
    recorder.event(pod as never, 'Warning', 'BackOff', 'Back-off restarting failed container')
    await recorder.flush()
  }
  await tell()
  clock.advance(60_000)
  await tell()
  const [event, more] = await told()
  assert.equal(more, undefined)
  assert.deepEqual([event!.count, event!.lastTimestamp], [2, '2026-01-01T00:01:00Z'])
  await api.client.delete(events, event!.metadata)
  await tell()
  assert.deepEqual(
    (await told()).map(e => e.count),
    [1],
  )
})

test('eventRecorder() takes 25 events about an object at once, then one in five minutes', async () => {
  const { clock, recorder, told } = scene()
  const storm = async () => {
    for (let i = 0; i < 40; i++) recorder.event(pod as never, 'Normal', 'Reason', `${clock.now()} ${i}`)
    await recorder.flush()
    return (await told()).length
  }
  assert.equal(await storm(), 25)
  clock.advance(10 * 60_000)
  assert.equal(await storm(), 27)
})

test('eventRecorder() never fails, and puts events about cluster-scoped objects into default', async () => {
  const { api, recorder, told } = scene()
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: '3' } }
  api.intercept = () => Promise.reject(new Error('down'))
  recorder.event(node as never, 'Normal', 'Lost', 'x')
  await recorder.flush()
  api.intercept = () => {}
  recorder.event(node as never, 'Normal', 'NodeReady', 'x'.repeat(2000))
  await recorder.flush()
  const [event] = await told()
  assert.deepEqual([event!.metadata.namespace, event!.message?.length], ['default', 1024])
})
