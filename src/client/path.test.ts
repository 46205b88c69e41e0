import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments } from '../api/apps/v1/deployment.ts'
import { nodes } from '../api/core/v1/node.ts'
import { pods } from '../api/core/v1/pod.ts'
import { pathOf } from './path.ts'

test('pathOf() writes calls as paths', () => {
  const cases: readonly (readonly [Parameters<typeof pathOf>[0], string])[] = [
    [{ resource: pods }, '/api/v1/pods'],
    [{ resource: pods, namespace: 'a', name: 'b', subresource: 'status' }, '/api/v1/namespaces/a/pods/b/status'],
    [{ resource: nodes, namespace: 'ignored', name: 'n' }, '/api/v1/nodes/n'],
    [{ resource: deployments, namespace: 'a' }, '/apis/apps/v1/namespaces/a/deployments'],
    [
      { resource: pods, query: { labelSelector: 'a in (b,c)', limit: 5, watch: true, continue: undefined, x: '' } },
      '/api/v1/pods?labelSelector=a%20in%20(b%2Cc)&limit=5&watch=true',
    ],
    [{ resource: pods, namespace: 'a', name: '../nodes' }, '/api/v1/namespaces/a/pods/..%2Fnodes'],
  ]
  for (const [call, path] of cases) assert.equal(pathOf(call), path)
})
