import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '../api/apps/v1/deployment.ts'
import { configMaps } from '../api/core/v1/config-map.ts'
import { pods } from '../api/core/v1/pod.ts'
import { services } from '../api/core/v1/service.ts'
import { type View, view } from '../schema/view.ts'
import { fieldPaths, parseFields } from './field-set.ts'
import { applyManaged, type ManagedFieldsEntry, updateManaged } from './managed-fields.ts'
import { StatusError } from './status-error.ts'

type Loose = Record<string, unknown>
interface Step {
  readonly apply?: string
  readonly update?: string
  readonly force?: boolean
  readonly subresource?: string
  /** What is applied, or the whole object after an update. */
  readonly object: Loose
  /** The text of the conflict that the step ends with. */
  readonly conflict?: string
}
interface Case {
  readonly name: string
  readonly type: View
  readonly steps: readonly Step[]
  readonly object: Loose
  /** By `manager operation`: paths. */
  readonly owners: Readonly<Record<string, readonly string[]>>
}

const config = view(configMaps.type)
const pod = view(pods.type)
const deployment = view(deployments.type)
const service = view(services.type)
const data = (values: Loose) => ({ data: values })
const containers = (...list: Loose[]) => ({ spec: { containers: list } })

const cases: readonly Case[] = [
  {
    name: 'an applier has what it applied',
    type: config,
    steps: [{ apply: 'a', object: data({ x: '1', y: '2' }) }],
    object: data({ x: '1', y: '2' }),
    owners: { 'a Apply': ['.data.x', '.data.y'] },
  },
  {
    name: 'what is applied no longer goes',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1', y: '2' }) },
      { apply: 'a', object: data({ x: '1' }) },
    ],
    object: data({ x: '1' }),
    owners: { 'a Apply': ['.data.x'] },
  },
  {
    name: 'appliers of the same value share it, and it stays while one has it',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1' }) },
      { apply: 'b', object: data({ x: '1', y: '1' }) },
      { apply: 'a', object: data({ z: '1' }) },
    ],
    object: data({ x: '1', y: '1', z: '1' }),
    owners: { 'a Apply': ['.data.z'], 'b Apply': ['.data.x', '.data.y'] },
  },
  {
    name: 'another value is a conflict',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1' }) },
      {
        apply: 'b',
        object: data({ x: '2' }),
        conflict: 'Apply failed with 1 conflict: conflict with "a": .data.x',
      },
    ],
    object: data({ x: '1' }),
    owners: { 'a Apply': ['.data.x'] },
  },
  {
    name: 'several conflicts are listed by manager',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1', y: '1' }) },
      { update: 'u', object: data({ x: '1', y: '1', z: '1' }) },
      {
        apply: 'b',
        object: data({ x: '2', y: '2', z: '2' }),
        conflict:
          'Apply failed with 3 conflicts: conflicts with "a":\n- .data.x\n- .data.y\nconflicts with "u" using v1:\n- .data.z',
      },
    ],
    object: data({ x: '1', y: '1', z: '1' }),
    owners: { 'a Apply': ['.data.x', '.data.y'], 'u Update': ['.data.z'] },
  },
  {
    name: 'force takes fields over',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1', y: '1' }) },
      { apply: 'b', force: true, object: data({ x: '2' }) },
    ],
    object: data({ x: '2', y: '1' }),
    owners: { 'a Apply': ['.data.y'], 'b Apply': ['.data.x'] },
  },
  {
    name: 'an update takes what it changes',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1', y: '1' }) },
      { update: 'u', object: data({ x: '2', y: '1', z: '1' }) },
    ],
    object: data({ x: '2', y: '1', z: '1' }),
    owners: { 'a Apply': ['.data.y'], 'u Update': ['.data.x', '.data.z'] },
  },
  {
    name: 'an update that removes a field removes it from all',
    type: config,
    steps: [
      { apply: 'a', object: data({ x: '1', y: '1' }) },
      { update: 'u', object: data({ y: '1' }) },
    ],
    object: data({ y: '1' }),
    owners: { 'a Apply': ['.data.y'] },
  },
  {
    name: 'what was there before the first apply has an owner',
    type: config,
    steps: [
      { update: '', object: data({ x: '1', y: '1' }) },
      {
        apply: 'a',
        object: data({ x: '2' }),
        conflict: 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
      },
      { apply: 'a', object: data({ x: '1' }) },
    ],
    object: data({ x: '1', y: '1' }),
    owners: { 'a Apply': ['.data.x'], 'before-first-apply Update': ['.data.x', '.data.y'] },
  },
  {
    name: 'keyed lists are merged element by element',
    type: pod,
    steps: [
      { apply: 'a', object: containers({ name: 'one', image: 'x' }, { name: 'two', image: 'x' }) },
      { apply: 'b', object: containers({ name: 'side', image: 'y' }) },
      { apply: 'a', object: containers({ name: 'two', image: 'x' }) },
    ],
    object: containers({ name: 'two', image: 'x' }, { name: 'side', image: 'y' }),
    owners: {
      'a Apply': [
        '.spec.containers[name="two"]',
        '.spec.containers[name="two"].image',
        '.spec.containers[name="two"].name',
      ],
      'b Apply': [
        '.spec.containers[name="side"]',
        '.spec.containers[name="side"].image',
        '.spec.containers[name="side"].name',
      ],
    },
  },
  {
    name: 'keys that are left out have their defaults',
    type: service,
    steps: [
      { apply: 'a', object: { spec: { ports: [{ port: 80 }] } } },
      { update: 'u', object: { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 30000 }] } } },
    ],
    object: { spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 30000 }] } },
    owners: {
      'a Apply': ['.spec.ports[port=80,protocol="TCP"]', '.spec.ports[port=80,protocol="TCP"].port'],
      'u Update': ['.spec.ports[port=80,protocol="TCP"].nodePort', '.spec.ports[port=80,protocol="TCP"].protocol'],
    },
  },
  {
    name: 'sets are merged by value',
    type: config,
    steps: [
      { apply: 'a', object: { metadata: { finalizers: ['x/a', 'x/b'] } } },
      { apply: 'b', object: { metadata: { finalizers: ['x/c'] } } },
      { apply: 'a', object: { metadata: { finalizers: ['x/b'] } } },
    ],
    object: { metadata: { finalizers: ['x/b', 'x/c'] } },
    owners: {
      'a Apply': ['.metadata.finalizers[="x/b"]'],
      'b Apply': ['.metadata.finalizers[="x/c"]'],
    },
  },
  {
    name: 'atomic lists and maps have one owner',
    type: pod,
    steps: [
      { apply: 'a', object: { spec: { nodeSelector: { x: '1' }, containers: [{ name: 'c', command: ['a'] }] } } },
      {
        apply: 'b',
        object: { spec: { nodeSelector: { y: '1' } } },
        conflict: 'Apply failed with 1 conflict: conflict with "a": .spec.nodeSelector',
      },
      { apply: 'b', force: true, object: containers({ name: 'c', command: ['b', 'c'] }) },
    ],
    object: { spec: { nodeSelector: { x: '1' }, containers: [{ name: 'c', command: ['b', 'c'] }] } },
    owners: {
      'a Apply': ['.spec.containers[name="c"]', '.spec.containers[name="c"].name', '.spec.nodeSelector'],
      'b Apply': [
        '.spec.containers[name="c"]',
        '.spec.containers[name="c"].command',
        '.spec.containers[name="c"].name',
      ],
    },
  },
  {
    name: 'a struct that is applied no longer goes with what was defaulted in it',
    type: pod,
    steps: [
      { apply: 'a', object: containers({ name: 'c', livenessProbe: { httpGet: { port: 80 } } }) },
      {
        update: '',
        object: containers({ name: 'c', livenessProbe: { httpGet: { port: 80 }, periodSeconds: 10 } }),
      },
      { apply: 'a', object: containers({ name: 'c' }) },
    ],
    object: containers({ name: 'c' }),
    owners: { 'a Apply': ['.spec.containers[name="c"]', '.spec.containers[name="c"].name'] },
  },
  {
    name: 'the status has owners of its own',
    type: deployment,
    steps: [
      { apply: 'a', object: { spec: { replicas: 1 }, status: { replicas: 3 } } },
      { update: 'c', subresource: 'status', object: { spec: { replicas: 1 }, status: { replicas: 1 } } },
    ],
    object: { spec: { replicas: 1 }, status: { replicas: 1 } },
    owners: { 'a Apply': ['.spec.replicas'], 'c Update status': ['.status.replicas'] },
  },
]

const full = ({ metadata = {}, ...rest }: Loose) => ({ metadata: { name: 'o', ...(metadata as Loose) }, ...rest })

for (const { name, type, steps, object, owners } of cases) {
  test(name, () => {
    let live: (Loose & { metadata: { managedFields?: readonly ManagedFieldsEntry[] } }) | undefined
    for (const step of steps) {
      const { apply, update, subresource = '', force = false, conflict } = step
      const version = type === deployment ? 'apps/v1' : 'v1'
      const actor = { manager: apply ?? update ?? '', apiVersion: version, subresource, time: '2026-01-01T00:00:00Z' }
      const wanted = full(structuredClone(step.object))
      const made = () => {
        if (apply) return applyManaged(type, live, wanted, actor, { force })
        const managedFields = live?.metadata.managedFields
        // Nobody: what the server does on its own, which is not tracked.
        if (update === '' || (!managedFields && live)) return { object: wanted, managedFields }
        return { object: wanted, managedFields: updateManaged(type, live, wanted, actor) }
      }
      if (conflict !== undefined) {
        assert.throws(made, error => error instanceof StatusError && error.code === 409 && error.message === conflict)
        continue
      }
      const { object: next, managedFields } = made()
      const { metadata, ...rest } = JSON.parse(JSON.stringify(next))
      live = { ...rest, metadata: { ...metadata, ...(managedFields?.length && { managedFields }) } }
    }
    const { managedFields = [], ...metadata } = live!.metadata
    assert.deepEqual({ ...live, metadata }, full(object))
    const held = managedFields.map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, subresource].filter(Boolean).join(' '),
      fieldPaths(parseFields(fieldsV1)),
    ])
    assert.deepEqual(Object.fromEntries(held), owners)
  })
}

test('an empty entry makes management begin anew', () => {
  const actor = { manager: 'u', apiVersion: 'v1', subresource: '', time: '' }
  const before = {
    metadata: {
      managedFields: applyManaged(config, undefined, data({ x: '1' }), actor, { force: false }).managedFields,
    },
  }
  assert.deepEqual(updateManaged(config, before, { metadata: { managedFields: [{}] } }, actor), [])
})
