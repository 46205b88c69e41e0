import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '../api/apps/v1/deployment.ts'
import { Pod } from '../api/core/v1/pod.ts'
import { view } from '../schema/view.ts'
import { strategicMergePatch } from './strategic-merge-patch.ts'

const pod = (spec: object) => ({ metadata: { labels: { a: '1' }, finalizers: ['x'] }, spec })
const ab = {
  containers: [
    { name: 'a', image: 'a:1', args: ['x', 'y'] },
    { name: 'b', image: 'b:1' },
  ],
}

const cases: readonly [what: string, object: object, patch: object, expected: object][] = [
  [
    'merges list elements by their key',
    pod(ab),
    { spec: { containers: [{ name: 'b', image: 'b:2' }, { name: 'c' }] } },
    pod({ containers: [ab.containers[0]!, { name: 'b', image: 'b:2' }, { name: 'c' }] }),
  ],
  [
    'replaces atomic lists',
    pod(ab),
    { spec: { containers: [{ name: 'a', args: ['z'] }] } },
    pod({ containers: [{ name: 'a', image: 'a:1', args: ['z'] }, ab.containers[1]!] }),
  ],
  [
    'deletes an element',
    pod(ab),
    { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    pod({ containers: [ab.containers[1]!] }),
  ],
  [
    'replaces a list',
    pod(ab),
    { spec: { containers: [{ $patch: 'replace' }, { name: 'z' }] } },
    pod({ containers: [{ name: 'z' }] }),
  ],
  ['replaces an object', pod(ab), { spec: { $patch: 'replace', nodeName: 'n' } }, pod({ nodeName: 'n' })],
  ['deletes with null', pod({ nodeName: 'n', hostname: 'h' }), { spec: { nodeName: null } }, pod({ hostname: 'h' })],
  [
    'puts elements in order',
    pod(ab),
    { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }], containers: [{ name: 'c' }] } },
    pod({ containers: [{ name: 'c' }, ab.containers[0]!, ab.containers[1]!] }),
  ],
  [
    'keeps only what $retainKeys names',
    pod({ volumes: [{ name: 'v', emptyDir: {} }] }),
    { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] } },
    pod({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] }),
  ],
  [
    'merges and deletes primitives',
    { metadata: { finalizers: ['x', 'y'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'], finalizers: ['z'] } },
    { metadata: { finalizers: ['y', 'z'] } },
  ],
  [
    'merges maps of strings',
    pod({}),
    { metadata: { labels: { a: null, b: '2' } } },
    { metadata: { labels: { b: '2' }, finalizers: ['x'] }, spec: {} },
  ],
  [
    'drops nulls and directives from what is new',
    {},
    { spec: { affinity: { nodeAffinity: null, podAffinity: {} }, containers: [{ name: 'a', image: null }] } },
    { spec: { affinity: { podAffinity: {} }, containers: [{ name: 'a' }] } },
  ],
]
for (const [what, object, patch, expected] of cases) {
  test(`strategicMergePatch() ${what}`, () => {
    const before = structuredClone(object)
    assert.deepEqual(strategicMergePatch(object, patch, view(Pod)), expected)
    assert.deepEqual(object, before)
  })
}

test('strategicMergePatch() follows $retainKeys of a Deployment strategy', () => {
  const object = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
  assert.deepEqual(strategicMergePatch(object, patch, view(Deployment)), { spec: { strategy: { type: 'Recreate' } } })
})

test('strategicMergePatch() refuses an element without its key', () => {
  assert.throws(() => strategicMergePatch(pod(ab), { spec: { containers: [{ image: 'x' }] } }, view(Pod)), {
    message: 'map: map[image:x] does not contain declared merge key: name',
  })
})
