import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leases } from '../api/coordination/v1/lease.ts'
import { FakeClock } from '../base/fake-clock.ts'
import { setLogLevel } from '../base/log.ts'
import { MemoryApi } from '../client/memory-api.ts'
import { leaderElection } from './leader-election.ts'

setLogLevel('silent')
const key = { namespace: 'kube-system', name: 'lock' }
/** Lets everything that is not waiting for time happen. */
const settle = () => new Promise(resolve => setImmediate(() => setImmediate(resolve)))

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500)
    await settle()
  }
}

function candidate(api: MemoryApi, clock: FakeClock, identity: string, lead?: () => Promise<void>) {
  const stop = new AbortController()
  const state = { leading: false }
  const run = async (signal: AbortSignal) => {
    state.leading = true
    const until = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    await (lead ? lead() : until)
    state.leading = false
  }
  const done = leaderElection({ client: api.client, ...key, identity, clock, lead: run }, stop.signal)
  return { state, done, stop: () => stop.abort() }
}

const holder = async (api: MemoryApi) => (await api.client.get(leases, key)).spec

test('leaderElection() lets one lead, and the other at once when the first gives up', async () => {
  const [api, clock] = [new MemoryApi(), new FakeClock()]
  const a = candidate(api, clock, 'a')
  await settle()
  const b = candidate(api, clock, 'b')
  await pass(clock, 60_000)
  assert.deepEqual([a.state.leading, b.state.leading], [true, false])
  a.stop()
  await a.done
  assert.equal((await holder(api)).holderIdentity, '')
  await pass(clock, 2_000)
  const { holderIdentity, leaseTransitions } = await holder(api)
  assert.deepEqual([a.state.leading, b.state.leading, holderIdentity, leaseTransitions], [false, true, 'b', 1])
  b.stop()
  await b.done
})

test('leaderElection() takes over from a leader that went silent, after the lease', async () => {
  const [api, clock] = [new MemoryApi(), new FakeClock()]
  await api.client.create(leases, { metadata: key, spec: { holderIdentity: 'dead', renewTime: '1999' } })
  const b = candidate(api, clock, 'b')
  await pass(clock, 14_000)
  assert.equal(b.state.leading, false)
  await pass(clock, 4_000)
  assert.equal(b.state.leading, true)
  b.stop()
  await b.done
})

test('leaderElection() stops leading when renewals fail or hang for the deadline', async () => {
  for (const trouble of [() => Promise.reject(new Error('down')), () => new Promise<void>(() => {})]) {
    const [api, clock] = [new MemoryApi(), new FakeClock()]
    const a = candidate(api, clock, 'a')
    await pass(clock, 4_000)
    api.intercept = trouble
    await pass(clock, 8_000)
    assert.equal(a.state.leading, true)
    await pass(clock, 4_000)
    assert.equal(a.state.leading, false)
    a.stop()
  }
})

test('leaderElection() ends and releases when the leader ends by itself, with its error', async () => {
  const [api, clock] = [new MemoryApi(), new FakeClock()]
  await candidate(api, clock, 'a', async () => {}).done
  assert.equal((await holder(api)).holderIdentity, '')
  const failing = candidate(api, clock, 'b', () => Promise.reject(new Error('broken')))
  await assert.rejects(failing.done, /broken/)
  assert.equal((await holder(api)).holderIdentity, '')
})
