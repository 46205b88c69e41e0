import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '../api/apps/v1/deployment.ts'
import { Pod } from '../api/core/v1/pod.ts'
import { prune } from './prune.ts'
import { type View, view } from './view.ts'

const pruned = (type: View, object: object) => {
  const unknown: string[] = []
  const errors = prune(type, object, path => unknown.push(path))
  return { object, unknown, errors: errors.map(error => error.message) }
}

test('prune() drops unknown fields and nulls and says where the unknown ones were', () => {
  const { object, unknown, errors } = pruned(view(Pod), {
    metadata: { name: 'a', creationTimestamp: null, labels: { a: null, b: 'c' } },
    spec: { containers: [{ name: 'a', foo: 1, args: [null] }], bar: {} },
    status: null,
  })
  assert.deepEqual(errors, [])
  assert.deepEqual(unknown, ['spec.containers[0].foo', 'spec.bar'])
  assert.deepEqual(object, {
    metadata: { name: 'a', labels: { a: '', b: 'c' } },
    spec: { containers: [{ name: 'a', args: [''] }] },
  })
})

test('prune() makes quantities and times canonical', () => {
  const { object } = pruned(view(Pod), {
    metadata: { creationTimestamp: '2024-01-02T03:04:05+01:00' },
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi', x: 3 } } }] },
  })
  assert.deepEqual(object, {
    metadata: { creationTimestamp: '2024-01-02T02:04:05Z' },
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: '500m', memory: '1Gi', x: '3' } } }] },
  })
})

const wrong: readonly [object, string][] = [
  [
    { spec: { replicas: 'a' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    { spec: { replicas: 3e9 } },
    'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    { spec: { template: { spec: { containers: {} } } } },
    'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
  ],
  [
    { metadata: { labels: { a: 1 } } },
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [
    { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: 'x' } } }] } } } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
]
for (const [object, message] of wrong) {
  test(`prune() reports ${message}`, () => {
    assert.deepEqual(pruned(view(Deployment), object).errors, [message])
  })
}
