import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PlanInput, planPod } from './plan.ts'
import type { RuntimePod } from './runtime-pod.ts'
import { container, exited, runtime, sandbox, testPod } from './testdata/pods.ts'
import type { ProbeVerdict } from './types.ts'

const main = { name: 'main', image: 'busybox' }
const init = (name: string, more: object = {}) => ({ name, image: 'busybox', ...more })
const side = init('side', { restartPolicy: 'Always' })

/** What is to be done, in short: `start main#1`, `kill main`, `finished`. */
function plan(
  spec: object,
  state: RuntimePod,
  more: Partial<PlanInput> & { verdicts?: Record<string, ProbeVerdict> } = {},
) {
  const { verdicts = {}, ...rest } = more
  const found = planPod({
    pod: testPod(spec),
    runtime: state,
    now: 10_000,
    probe: c => verdicts[c.name] ?? { started: c.state === 'running', ready: true },
    crashes: new Map(),
    retryAt: new Map(),
    hashOf: () => '',
    ...rest,
  })
  const words = found.deeds.map(deed => {
    if (deed.do === 'start') return `start ${deed.declared.container.name}#${deed.attempt}`
    if (deed.do === 'kill') return `kill ${deed.container.name}`
    return deed.do === 'create-sandbox' ? `create-sandbox#${deed.attempt}` : deed.do
  })
  return { words: found.finished ? [...words, 'finished'] : words, plan: found }
}

const table: readonly (readonly [what: string, spec: object, state: RuntimePod, words: readonly string[]])[] = [
  ['a new pod gets a sandbox first', {}, runtime([], []), ['create-sandbox#0']],
  ['then its containers', {}, runtime(), ['start main#0']],
  ['what runs is left alone', {}, runtime([container('main')]), []],
  ['what ended starts again', {}, runtime([exited('main', 0)]), ['start main#1']],
  ['OnFailure: not after success', { restartPolicy: 'OnFailure' }, runtime([exited('main', 0)]), ['finished']],
  ['OnFailure: after failure', { restartPolicy: 'OnFailure' }, runtime([exited('main', 1)]), ['start main#1']],
  ['Never: never', { restartPolicy: 'Never' }, runtime([exited('main', 1)]), ['finished']],
  [
    'one of two ended for good: the other goes on',
    { restartPolicy: 'Never', containers: [main, { ...main, name: 'b' }] },
    runtime([exited('main', 0), container('b')]),
    [],
  ],
  ['a lost sandbox is replaced', {}, runtime([], [sandbox({ ready: false })]), ['create-sandbox#1']],
  [
    'a sandbox without address is replaced',
    {},
    runtime([], [sandbox({ ips: [] })]),
    ['stop-sandbox', 'create-sandbox#1'],
  ],
  [
    'except with the network of the machine',
    { hostNetwork: true },
    runtime([], [sandbox({ ips: [], hostNetwork: true })]),
    ['start main#0'],
  ],
  [
    'containers of a lost sandbox start again in the next',
    {},
    runtime([exited('main', 255)], [sandbox({ id: 's1', attempt: 1 }), sandbox({ ready: false })]),
    ['start main#1'],
  ],
  ['init containers come first, one at a time', { initContainers: [init('a'), init('b')] }, runtime(), ['start a#0']],
  ['the next waits', { initContainers: [init('a'), init('b')] }, runtime([container('a')]), []],
  ['and comes after success', { initContainers: [init('a'), init('b')] }, runtime([exited('a', 0)]), ['start b#0']],
  ['a failed one is tried again', { initContainers: [init('a')] }, runtime([exited('a', 1)]), ['start a#1']],
  [
    'or fails the pod',
    { restartPolicy: 'Never', initContainers: [init('a')] },
    runtime([exited('a', 1)]),
    ['finished'],
  ],
  ['after the last, the main ones', { initContainers: [init('a')] }, runtime([exited('a', 0)]), ['start main#0']],
  [
    'in a new sandbox, init containers run again',
    { initContainers: [init('a')] },
    runtime([exited('a', 0)], [sandbox({ id: 's1', attempt: 1 })]),
    ['start a#1'],
  ],
  ['a sidecar that runs lets others go', { initContainers: [side] }, runtime([container('side')]), ['start main#0']],
  [
    'a sidecar that ended comes back beside the main ones',
    { initContainers: [side] },
    runtime([exited('side', 0), container('main')]),
    ['start side#1'],
  ],
  [
    'sidecars do not keep a pod',
    { restartPolicy: 'Never', initContainers: [side] },
    runtime([container('side'), exited('main', 0)]),
    ['finished'],
  ],
  [
    'ephemeral containers start once',
    { ephemeralContainers: [init('debug')] },
    runtime([container('main'), exited('debug', 1)]),
    [],
  ],
  [
    'rules on exit codes come before the policy',
    {
      restartPolicy: 'Never',
      containers: [
        {
          ...main,
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
        },
      ],
    },
    runtime([exited('main', 42)]),
    ['start main#1'],
  ],
]

for (const [what, spec, state, words] of table) {
  test(`planPod() ${what}`, () => assert.deepEqual(plan(spec, state).words, words))
}

test('planPod() waits for a sidecar whose startup probe has not passed', () => {
  const state = runtime([container('side')])
  const verdicts = { side: { started: false, ready: false } }
  assert.deepEqual(plan({ initContainers: [side] }, state, { verdicts }).words, [])
})

test('planPod() kills what a liveness probe gave up, with the probe’s own grace', () => {
  const verdicts = { main: { started: true, ready: false, failed: { probe: 'Liveness', grace: 5 } } } as const
  const { words, plan: found } = plan({}, runtime([container('main')]), { verdicts })
  assert.deepEqual(words, ['kill main'])
  const [deed] = found.deeds
  assert.ok(
    deed?.do === 'kill' && deed.grace === 5 && deed.why === 'Container main failed liveness probe, will be restarted',
  )
})

test('planPod() kills a container whose declaration changed', () => {
  const state = runtime([container('main', { hash: 'old' })])
  assert.deepEqual(plan({}, state, { hashOf: () => 'new' }).words, ['kill main'])
})

test('planPod() backs off from what keeps ending, and says when it goes on', () => {
  const crashes = new Map([['main', { delay: 20_000, at: 2_000 }]])
  const { words, plan: found } = plan({}, runtime([exited('main', 1, { finishedAt: 4_000 })]), { crashes })
  assert.deepEqual(words, [])
  assert.equal(found.wakeAt, 24_000)
  assert.deepEqual(found.waiting.get('main'), {
    reason: 'CrashLoopBackOff',
    message: 'back-off 20s restarting failed container=main pod=web_default(u1)',
  })
})

test('planPod() tries a failed start again only when its time has come', () => {
  const later = plan({}, runtime(), { retryAt: new Map([['main', 12_000]]) })
  assert.deepEqual([later.words, later.plan.wakeAt], [[], 12_000])
  assert.deepEqual(plan({}, runtime(), { retryAt: new Map([['main', 9_000]]) }).words, ['start main#0'])
})
