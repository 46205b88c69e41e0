import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodStatus } from '../../api/core/v1/pod-status.ts'
import type { RuntimePod } from './runtime-pod.ts'
import { type PodStatusInput, podStatus, statusPatch } from './status.ts'
import { container, exited, runtime, testPod } from './testdata/pods.ts'
import type { Pod } from './types.ts'

const now = Date.UTC(2026, 0, 1)

function status(pod: Pod, state: RuntimePod, more: Partial<PodStatusInput> = {}) {
  return podStatus({
    pod,
    runtime: state,
    now,
    seenAt: now,
    probe: c => ({ started: c.state === 'running', ready: c.state === 'running' }),
    waiting: new Map(),
    ending: false,
    hostIps: ['192.0.2.1'],
    ...more,
  })
}

const never = { restartPolicy: 'Never' }
const two = {
  containers: [
    { name: 'a', image: 'x' },
    { name: 'b', image: 'x' },
  ],
}
const withInit = { initContainers: [{ name: 'i', image: 'x' }] }
const phases: readonly (readonly [spec: object, state: RuntimePod, ending: boolean, phase: string])[] = [
  [{}, runtime([], []), false, 'Pending'],
  [{}, runtime(), false, 'Pending'],
  [{}, runtime([container('main')]), false, 'Running'],
  [two, runtime([container('a')]), false, 'Pending'],
  [{ ...never, ...two }, runtime([container('a'), exited('b', 1)]), false, 'Running'],
  [{}, runtime([exited('main', 0)]), false, 'Running'],
  [{}, runtime([exited('main', 0)]), true, 'Succeeded'],
  [{}, runtime([exited('main', 143)]), true, 'Failed'],
  [never, runtime([exited('main', 0)]), false, 'Succeeded'],
  [never, runtime([exited('main', 1)]), false, 'Failed'],
  [{ ...never, ...two }, runtime([exited('a', 0), exited('b', 1)]), false, 'Failed'],
  [{ restartPolicy: 'OnFailure' }, runtime([exited('main', 1)]), false, 'Running'],
  [withInit, runtime([container('i')]), false, 'Pending'],
  [withInit, runtime([exited('i', 1)]), false, 'Pending'],
  [{ ...never, ...withInit }, runtime([exited('i', 1)]), false, 'Failed'],
]

test('podStatus() tells the phase', () => {
  for (const [spec, state, ending, phase] of phases) {
    const found = status(testPod(spec), state, { ending }).phase
    assert.equal(found, phase, JSON.stringify([spec, state.containers.map(c => [c.name, c.state, c.exitCode]), ending]))
  }
})

test('podStatus() of a running pod', () => {
  const found = status(testPod({}, { metadata: { generation: 2 } }), runtime([container('main')]))
  assert.deepEqual(
    found.conditions?.map(c => [c.type, c.status, c.observedGeneration]),
    ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(t => [t, 'True', 2]),
  )
  const { podIP, hostIP, qosClass, startTime } = found
  const expected = { podIP: '10.0.0.2', hostIP: '192.0.2.1', qosClass: 'BestEffort', startTime: '2026-01-01T00:00:00Z' }
  assert.deepEqual({ podIP, hostIP, qosClass, startTime }, expected)
  const [main] = found.containerStatuses!
  assert.deepEqual(main!.state, { running: { startedAt: '1970-01-01T00:00:02Z' } })
  assert.equal(main!.containerID, 'containerd://main-0')
})

test('podStatus() says why a container waits, and how it ended before', () => {
  const waiting = new Map([['main', { reason: 'CrashLoopBackOff', message: 'back-off' }]])
  const found = status(testPod(), runtime([exited('main', 1, { attempt: 3 })]), { waiting })
  const [main] = found.containerStatuses!
  assert.deepEqual(main!.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } })
  assert.deepEqual([main!.lastState?.terminated?.exitCode, main!.restartCount], [1, 3])
  const ready = found.conditions?.find(c => c.type === 'Ready')
  assert.equal(ready?.message, 'containers with unready status: [main]')
})

test('podStatus() of a pod the kubelet ended is Failed only when nothing runs any more', () => {
  const verdict = { reason: 'Evicted', message: 'why' }
  const running = status(testPod(), runtime([container('main')]), { ending: true, verdict })
  assert.deepEqual([running.phase, running.reason], ['Running', 'Evicted'])
  assert.equal(status(testPod(), runtime([exited('main', 0)]), { ending: true, verdict }).phase, 'Failed')
})

test('podStatus() waits for readiness gates', () => {
  const spec = { readinessGates: [{ conditionType: 'example.com/x' }] }
  const ready = (conditions: object[]) =>
    status(testPod(spec, { status: { conditions } }), runtime([container('main')])).conditions?.find(
      c => c.type === 'Ready',
    )
  assert.match(ready([])?.message ?? '', /readiness gate "example.com\/x" does not exist/)
  assert.equal(ready([{ type: 'example.com/x', status: 'True' }])?.status, 'True')
})

test('statusPatch() holds only what changed, and nothing when nothing did', () => {
  const pod = testPod()
  const before = status(pod, runtime())
  const first = statusPatch(pod, before) as { metadata: object; status: Record<string, unknown> }
  assert.deepEqual(first.metadata, { uid: 'u1' })
  const known = { ...pod, status: before }
  assert.equal(statusPatch(known, before), undefined)
  const after = status(known, runtime([container('main')]))
  const second = statusPatch(known, after) as typeof first
  assert.deepEqual(Object.keys(second.status).sort(), ['conditions', 'containerStatuses', 'phase'])
  const ready = (second.status.conditions as { type: string; reason: unknown }[]).find(c => c.type === 'Ready')
  assert.equal(ready?.reason, null)
})

test('statusPatch() replaces the addresses of before, and says nothing else of them where there are none', () => {
  const patched = (before: object, podIPs: { ip: string }[]) => {
    const patch = statusPatch(testPod({}, { status: before }), { podIPs, podIP: podIPs[0]!.ip } as PodStatus)
    return (patch as { status: { podIPs: object[] } }).status.podIPs
  }
  assert.deepEqual(patched({}, [{ ip: '10.0.0.1' }]), [{ ip: '10.0.0.1' }])
  assert.deepEqual(patched({ podIPs: [{ ip: '10.0.0.1' }] }, [{ ip: '10.0.0.2' }]), [
    { ip: '10.0.0.2' },
    { $patch: 'replace' },
  ])
})
