import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterState } from './cluster-state.ts'
import { decide } from './cycle.ts'
import { podInfo } from './pod-info.ts'
import { defaultProfile } from './profile.ts'

interface NodeSketch {
  readonly labels?: Record<string, string>
  readonly cpu?: string
  readonly pods?: string
  readonly spec?: object
  readonly images?: readonly object[]
}

let uids = 0
const pod = (spec: object, labels: Record<string, string> = {}) =>
  podInfo({
    metadata: { uid: String(++uids), name: 'p', namespace: 'default', labels },
    spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
    status: {},
  } as never)
const requests = (cpu: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu } } }] })
const prefer = (key: string, value: string) => ({
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 10, preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] } },
      ],
    },
  },
})

function cluster(
  nodes: Record<string, NodeSketch>,
  there: Record<string, ReturnType<typeof pod>[]> = {},
): ClusterState {
  const state = new ClusterState()
  for (const [name, { labels = {}, cpu = '4', pods = '10', spec = {}, images }] of Object.entries(nodes)) {
    const allocatable = { cpu, memory: '8Gi', pods }
    state.setNode({ metadata: { name, labels }, spec, status: { allocatable, ...(images && { images }) } } as never)
  }
  for (const [node, all] of Object.entries(there)) for (const info of all) state.place(info, node)
  return state
}

const result = (info: ReturnType<typeof pod>, state: ClusterState) => {
  const decision = decide(info, state, { profile: defaultProfile, random: () => 0 })
  return decision.node ?? decision.message
}

test('decide() chooses the better node', () => {
  const soft = { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }
  const cases: readonly (readonly [string, ReturnType<typeof pod>, ClusterState, string])[] = [
    ['more left', pod(requests('1')), cluster({ a: {}, b: {} }, { a: [pod(requests('2'))] }), 'b'],
    ['preferred', pod(prefer('disk', 'ssd')), cluster({ a: {}, b: { labels: { disk: 'ssd' } } }), 'b'],
    ['no soft taint', pod({}), cluster({ a: { spec: soft }, b: {} }), 'b'],
    [
      'has the image',
      pod({ containers: [{ name: 'main', image: 'big' }] }),
      cluster({ a: {}, b: { images: [{ names: ['docker.io/library/big:latest'], sizeBytes: 900 * 1024 * 1024 }] } }),
      'b',
    ],
  ]
  for (const [name, info, state, expected] of cases) assert.equal(result(info, state), expected, name)
})

test('decide() says why no node fits', () => {
  const none = (count: number, ...reasons: string[]) => `0/${count} nodes are available: ${reasons.join(', ')}.`
  const cases: readonly (readonly [ReturnType<typeof pod>, ClusterState, string])[] = [
    [pod({}), cluster({}), 'no nodes available to schedule pods'],
    [pod(requests('5')), cluster({ a: {}, b: { cpu: '2' } }), none(2, '2 Insufficient cpu')],
    [pod({}), cluster({ a: { pods: '0' } }), none(1, '1 Too many pods')],
    [
      pod({ nodeSelector: { x: 'y' } }),
      cluster({ a: {}, b: { spec: { unschedulable: true } } }),
      none(2, "1 node(s) didn't match Pod's node affinity/selector", '1 node(s) were unschedulable'),
    ],
    [
      pod({ containers: [{ name: 'm', resources: { requests: { cpu: '9', memory: '9Gi', 'a.b/gpu': '1' } } }] }),
      cluster({ a: {} }),
      none(1, '1 Insufficient a.b/gpu', '1 Insufficient cpu', '1 Insufficient memory'),
    ],
  ]
  for (const [info, state, expected] of cases) assert.equal(result(info, state), expected)
})

test('decide() keeps pods apart by what those there ask for', () => {
  const term = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'zone' }
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
  const state = cluster({ a: { labels: { zone: '1' } } }, { a: [pod({ affinity: { podAntiAffinity } })] })
  const words = "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."
  assert.equal(result(pod({}, { app: 'web' }), state), words)
  assert.equal(result(pod({}, { app: 'other' }), state), 'a')
})

test('decide() spreads over labels that all constraints name', () => {
  const constraint = (whenUnsatisfiable: string) => ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable, labelSelector: { matchLabels: { app: 'web' } } },
    ],
  })
  const web = () => pod({}, { app: 'web' })
  const nodes = { a: { labels: { zone: '1' } }, b: { labels: { zone: '2' } }, c: {} }
  const state = cluster(nodes, { a: [web()] })
  assert.equal(result(pod(constraint('DoNotSchedule'), { app: 'web' }), state), 'b')
  assert.equal(result(pod(constraint('ScheduleAnyway'), { app: 'web' }), state), 'b')
  const full = cluster({ a: nodes.a, c: {}, b: { ...nodes.b, pods: '0' } }, { a: [web()] })
  assert.equal(
    result(pod(constraint('DoNotSchedule'), { app: 'web' }), full),
    "0/3 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread constraints, " +
      "1 node(s) didn't match pod topology spread constraints (missing required label).",
  )
})

test('ClusterState counts a pod once, wherever it was before', () => {
  const state = cluster({ a: {}, b: {} })
  const info = pod(requests('1'))
  state.place(info, 'a')
  state.place(info, 'b')
  assert.deepEqual([state.node('a')?.requested.milliCpu, state.node('b')?.requested.milliCpu], [0, 1000])
  state.removeNode('b')
  assert.deepEqual(
    state.nodes.map(node => node.name),
    ['a'],
  )
  assert.deepEqual([state.forget(info.pod.metadata.uid), state.forget(info.pod.metadata.uid)], [true, false])
  assert.equal(state.node('b'), undefined)
})
