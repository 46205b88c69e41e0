import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/core/v1/pod.ts'
import type { ResourceQuota } from '../api/core/v1/resource-quota.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { inScopes } from './quota-scopes.ts'
import { podTotals, quotaUsage } from './quota-usage.ts'

const cpu = (amount: string, more: object = {}) => ({ name: 'c', resources: { requests: { cpu: amount } }, ...more })
const pod = (spec: object, status: object = {}) =>
  ({ kind: 'Pod', apiVersion: 'v1', metadata: {}, spec: { containers: [], ...spec }, status }) as unknown as Pod
const nano = (cores: number) => BigInt(cores * 1e9)

test('podTotals() counts containers with sidecars, or starting where that takes more, and overhead', () => {
  const total = (spec: object) => podTotals(pod(spec), 'requests').get('cpu')
  assert.equal(total({ containers: [cpu('1'), cpu('500m')] }), nano(1.5))
  assert.equal(total({ containers: [cpu('1')], initContainers: [cpu('3'), cpu('2')] }), nano(3))
  const sidecar = cpu('1', { restartPolicy: 'Always' })
  assert.equal(total({ containers: [cpu('1')], initContainers: [sidecar, cpu('2')] }), nano(3))
  assert.equal(total({ containers: [cpu('1')], overhead: { cpu: '250m' } }), nano(1.25))
})

test('quotaUsage() counts objects, and what they take', () => {
  const usage = (object: object, plural: string, group = '') =>
    Object.fromEntries(quotaUsage(object as KubernetesObject, group, plural))
  assert.deepEqual(usage(pod({ containers: [cpu('1')] }), 'pods'), {
    'count/pods': nano(1),
    pods: nano(1),
    cpu: nano(1),
    'requests.cpu': nano(1),
  })
  assert.deepEqual(usage(pod({}, { phase: 'Failed' }), 'pods'), { 'count/pods': nano(1) })
  assert.deepEqual(usage({ spec: { type: 'NodePort', ports: [{}, {}] } }, 'services'), {
    'count/services': nano(1),
    services: nano(1),
    'services.nodeports': nano(2),
    'services.loadbalancers': 0n,
  })
  const claim = { metadata: {}, spec: { storageClassName: 'fast', resources: { requests: { storage: '2' } } } }
  assert.equal(usage(claim, 'persistentvolumeclaims')['fast.storageclass.storage.k8s.io/requests.storage'], nano(2))
  assert.deepEqual(usage({}, 'deployments', 'apps'), { 'count/deployments.apps': nano(1) })
})

test('inScopes() chooses pods by how they run', () => {
  const quota = (spec: object) => ({ spec }) as ResourceQuota
  const plain = pod({ containers: [{ name: 'c' }] })
  const high = pod({ containers: [cpu('1')], priorityClassName: 'high', activeDeadlineSeconds: 5 })
  assert.deepEqual(
    [plain, high].map(one => inScopes(quota({ scopes: ['BestEffort'] }), one)),
    [true, false],
  )
  assert.deepEqual(
    [plain, high].map(one => inScopes(quota({ scopes: ['Terminating'] }), one)),
    [false, true],
  )
  const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }]
  assert.deepEqual(
    [plain, high].map(one => inScopes(quota({ scopeSelector: { matchExpressions } }), one)),
    [false, true],
  )
  assert.equal(
    inScopes(quota({ scopes: ['BestEffort'] }), { kind: 'Secret', apiVersion: 'v1' } as KubernetesObject),
    false,
  )
})
