import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../base/fake-clock.ts'
import { testPod } from '../pod/testdata/pods.ts'
import { counted, noLooks, type ProbeCount } from './probe-count.ts'
import { Prober } from './prober.ts'

const probe = (more: object = {}) => ({ exec: { command: ['x'] }, periodSeconds: 10, ...more })

function prober(container: object, before?: { started: boolean; ready: boolean }) {
  const clock = new FakeClock()
  const answers = { ok: true }
  const told: string[] = []
  const declared = testPod({ containers: [{ name: 'main', image: 'x', ...container }] }).spec.containers[0]!
  const made = new Prober({
    clock,
    startedAt: clock.now(),
    before,
    target: () => ({ cri: undefined as never, container: declared, containerId: 'c', ip: '' }),
    ending: () => false,
    changed: () => told.push('changed'),
    unhealthy: (kind, output) => told.push(`${kind}: ${output}`),
    look: async () => ({ ok: answers.ok, output: answers.ok ? '' : 'no' }),
  })
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1_000)
      await new Promise(setImmediate)
    }
  }
  return { made, answers, told, pass }
}

test('counted() changes its mind only at the threshold', () => {
  const threshold = { successThreshold: 2, failureThreshold: 3 }
  let count: ProbeCount = noLooks
  const results = [true, true, false, false, true, false, false, false].map(
    ok => (count = counted(count, ok, threshold)).result,
  )
  assert.deepEqual(results, [undefined, true, true, true, true, true, true, false])
})

test('Prober: readiness comes and goes', async () => {
  const { made, answers, told, pass } = prober({
    readinessProbe: probe({ initialDelaySeconds: 5, failureThreshold: 1 }),
  })
  assert.deepEqual(made.verdict, { started: true, ready: false })
  await pass(4)
  assert.equal(made.verdict.ready, false)
  await pass(2)
  assert.equal(made.verdict.ready, true)
  answers.ok = false
  await pass(10)
  assert.equal(made.verdict.ready, false)
  assert.deepEqual(told, ['changed', 'Readiness: no', 'changed'])
  made.stop()
})

test('Prober: nothing but the startup probe until it passed', async () => {
  const { made, answers, pass } = prober({
    startupProbe: probe({ failureThreshold: 5 }),
    livenessProbe: probe({ failureThreshold: 1 }),
  })
  answers.ok = false
  await pass(25)
  assert.deepEqual(made.verdict, { started: false, ready: false })
  answers.ok = true
  await pass(10)
  assert.deepEqual(made.verdict, { started: true, ready: true })
  answers.ok = false
  await pass(12)
  assert.equal(made.verdict.failed?.probe, 'Liveness')
  made.stop()
})

test('Prober: a container known to be ready before stays so', () => {
  const { made } = prober({ readinessProbe: probe(), startupProbe: probe() }, { started: true, ready: true })
  assert.deepEqual(made.verdict, { started: true, ready: true })
  made.stop()
})
