import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { aPod, httpClient, pods } from './support/http.ts'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
let api: ReturnType<typeof httpClient>
before(async () => {
  server = await testServer()
  await server.server.ready
  api = httpClient(server)
})
after(async () => {
  api.close()
  await server.stop()
})
const merge = { type: 'application/merge-patch+json' }
const maps = '/api/v1/namespaces/default/configmaps'

test('create() stamps the object, fills defaults and answers 201', async () => {
  const { code, body } = await api.call('POST', pods, aPod('stamped'))
  assert.equal(code, 201)
  assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/)
  assert.match(body.metadata.creationTimestamp, /^\d{4}-.*Z$/)
  assert.equal(body.spec.restartPolicy, 'Always')
  assert.equal(body.status.phase, 'Pending')
  const again = await api.call('POST', pods, aPod('stamped'))
  assert.equal(again.code, 409)
  assert.equal(again.body.message, 'pods "stamped" already exists')
})

test('create() generates names, checks names, namespaces and kinds', async () => {
  const generated = await api.call('POST', maps, { metadata: { generateName: 'gen-' } })
  assert.match(generated.body.metadata.name, /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  const nowhere = await api.call('POST', '/api/v1/namespaces/nowhere/configmaps', { metadata: { name: 'a' } })
  assert.equal(nowhere.body.message, 'namespaces "nowhere" not found')
  assert.equal((await api.call('POST', maps, { metadata: { name: 'Bad_Name' } })).code, 422)
  const elsewhere = await api.call('POST', maps, { metadata: { name: 'a', namespace: 'other' } })
  assert.equal(
    elsewhere.body.message,
    'the namespace of the provided object does not match the namespace sent on the request',
  )
  const wrong = await api.call('POST', maps, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } })
  assert.match(
    wrong.body.message,
    /the API version in the data \(apps\/v1\) does not match the expected API version \(v1\)/,
  )
})

test('create() tells of unknown fields as fieldValidation asks', async () => {
  const body = { metadata: { name: 'unknown' }, wrong: 1 }
  const strict = await api.call('POST', `${maps}?fieldValidation=Strict`, body)
  assert.equal(strict.code, 400)
  assert.match(strict.body.message, /strict decoding error: unknown field "wrong"/)
  const warned = await api.call('POST', `${maps}?dryRun=All`, body)
  assert.equal(warned.headers.warning, '299 - "unknown field \\"wrong\\""')
  const ignored = await api.call('POST', `${maps}?fieldValidation=Ignore`, body)
  assert.equal(ignored.headers.warning, undefined)
  assert.equal(ignored.body.wrong, undefined)
})

test('update() refuses a stale object, and writes nothing when nothing changes', async () => {
  const { body: first } = await api.call('POST', maps, { metadata: { name: 'cas' }, data: { a: '1' } })
  const { body: second } = await api.call('PUT', `${maps}/cas`, { ...first, data: { a: '2' } })
  assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion)
  const stale = await api.call('PUT', `${maps}/cas`, { ...first, data: { a: '3' } })
  assert.equal(stale.code, 409)
  assert.equal(
    stale.body.message,
    'Operation cannot be fulfilled on configmaps "cas": the object has been modified; please apply your changes to the latest version and try again',
  )
  const { body: same } = await api.call('PUT', `${maps}/cas`, second)
  assert.equal(same.metadata.resourceVersion, second.metadata.resourceVersion)
  const { code } = await api.call('PUT', `${maps}/cas`, { metadata: { name: 'cas' }, data: { a: '4' } })
  assert.equal(code, 200, 'an update without a version is unconditional')
  const other = await api.call('PUT', `${maps}/cas`, { metadata: { name: 'other' } })
  assert.equal(other.body.message, 'the name of the object (other) does not match the name on the URL (cas)')
})

test('a resourceVersion of 0 stands for none', async () => {
  const metadata = { name: 'zero', resourceVersion: '0' }
  const { code, body } = await api.call('POST', maps, { metadata, data: { a: '1' } })
  assert.equal(code, 201)
  assert.notEqual(body.metadata.resourceVersion, '0')
  assert.equal((await api.call('PUT', `${maps}/zero`, { metadata, data: { a: '2' } })).code, 200)
  const other = await api.call('POST', maps, { metadata: { ...metadata, name: 'one', resourceVersion: '1' } })
  assert.equal(other.body.message, 'resourceVersion should not be set on objects to be created')
})

test('patch() takes the three kinds of patch and counts generations', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } }
  await api.call('POST', path, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } })
  const merged = await api.call('PATCH', `${path}/d`, { metadata: { labels: { x: 'y' } } }, merge)
  assert.equal(merged.body.metadata.generation, 1)
  const strategic = { spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'E', value: '1' }] }] } } } }
  const changed = await api.call('PATCH', `${path}/d`, strategic, { type: 'application/strategic-merge-patch+json' })
  assert.equal(changed.body.spec.template.spec.containers[0].image, 'x:1')
  assert.equal(changed.body.metadata.generation, 2)
  const json = [{ op: 'replace', path: '/spec/replicas', value: 4 }]
  const replaced = await api.call('PATCH', `${path}/d`, json, { type: 'application/json-patch+json' })
  assert.equal(replaced.body.spec.replicas, 4)
  const status = await api.call('PATCH', `${path}/d/status`, { status: { replicas: 2 }, spec: { replicas: 9 } }, merge)
  assert.deepEqual([status.body.status.replicas, status.body.spec.replicas], [2, 4])
  const odd = await api.call('PATCH', `${path}/d`, '{}', { type: 'application/json' })
  assert.equal(odd.code, 415)
  const scale = await api.call('PATCH', `${path}/d/scale`, { spec: { replicas: 7 } }, merge)
  assert.deepEqual([scale.body.kind, scale.body.spec.replicas, scale.body.status.selector], ['Scale', 7, 'a=b'])
})

test('delete() waits for grace periods and finalizers', async () => {
  await api.call('POST', maps, { metadata: { name: 'held', finalizers: ['example.com/hold'] } })
  const held = await api.call('DELETE', `${maps}/held`)
  assert.ok(held.body.metadata.deletionTimestamp)
  const more = await api.call(
    'PATCH',
    `${maps}/held`,
    { metadata: { finalizers: ['example.com/hold', 'example.com/x'] } },
    merge,
  )
  assert.equal(more.code, 422)
  assert.equal((await api.call('PATCH', `${maps}/held`, { metadata: { finalizers: null } }, merge)).code, 200)
  assert.equal((await api.call('GET', `${maps}/held`)).code, 404)
  await api.call('POST', pods, aPod('graceful'))
  await api.call('POST', `${pods}/graceful/binding`, { target: { kind: 'Node', name: 'n1' } })
  const graceful = await api.call('DELETE', `${pods}/graceful`, { gracePeriodSeconds: 20 })
  assert.equal(graceful.body.metadata.deletionGracePeriodSeconds, 20)
  const now = await api.call('DELETE', `${pods}/graceful`, { gracePeriodSeconds: 0 })
  assert.equal(now.code, 200)
  assert.equal((await api.call('GET', `${pods}/graceful`)).code, 404)
  await api.call('POST', maps, { metadata: { name: 'sure' } })
  const unsure = await api.call('DELETE', `${maps}/sure`, { preconditions: { uid: 'other' } })
  assert.match(unsure.body.message, /Precondition failed: UID in precondition: other, UID in object meta: /)
  const { body: gone } = await api.call('DELETE', `${maps}/sure`)
  assert.deepEqual([gone.kind, gone.status, gone.details.name], ['Status', 'Success', 'sure'])
})

test('a namespace that goes takes nothing new', async () => {
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'leaving' } })
  const { body } = await api.call('DELETE', '/api/v1/namespaces/leaving')
  assert.equal(body.status.phase, 'Terminating')
  const late = await api.call('POST', '/api/v1/namespaces/leaving/configmaps', { metadata: { name: 'a' } })
  assert.equal(late.code, 403)
  assert.equal(late.body.details.causes[0].reason, 'NamespaceTerminating')
  const finalized = await api.call('PUT', '/api/v1/namespaces/leaving/finalize', {
    metadata: { name: 'leaving' },
    spec: { finalizers: [] },
  })
  assert.equal(finalized.code, 200)
  assert.equal((await api.call('GET', '/api/v1/namespaces/leaving')).code, 404)
  const forbidden = await api.call('DELETE', '/api/v1/namespaces/default')
  assert.match(forbidden.body.message, /this namespace may not be deleted/)
})

test('binding and eviction', async () => {
  const labels = { app: 'guarded' }
  await api.call('POST', pods, aPod('guarded', labels))
  await api.call('POST', `${pods}/guarded/binding`, { target: { kind: 'Node', name: 'n1' } })
  const twice = await api.call('POST', `${pods}/guarded/binding`, { target: { kind: 'Node', name: 'n2' } })
  assert.match(twice.body.message, /pod guarded is already assigned to node "n1"/)
  const ready = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }
  await api.call('PATCH', `${pods}/guarded/status`, ready, merge)
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  await api.call('POST', budgets, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  })
  const seen = {
    status: { observedGeneration: 1, desiredHealthy: 1, currentHealthy: 1, expectedPods: 1, disruptionsAllowed: 0 },
  }
  await api.call('PATCH', `${budgets}/b/status`, seen, merge)
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'guarded' },
    deleteOptions: { gracePeriodSeconds: 0 },
  }
  const refused = await api.call('POST', `${pods}/guarded/eviction`, eviction)
  assert.equal(refused.code, 429)
  assert.equal(refused.body.message, "Cannot evict pod as it would violate the pod's disruption budget.")
  await api.call('PATCH', `${budgets}/b/status`, { status: { disruptionsAllowed: 1 } }, merge)
  assert.equal((await api.call('POST', `${pods}/guarded/eviction`, eviction)).code, 201)
  assert.equal((await api.call('GET', `${pods}/guarded`)).code, 404)
})

test('events and autoscalers are the same objects in two versions', async () => {
  const event = {
    metadata: { name: 'e' },
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    note: 'hello',
    reason: 'R',
    action: 'A',
    type: 'Normal',
    reportingController: 'c',
    reportingInstance: 'i',
  }
  const made = await api.call('POST', '/apis/events.k8s.io/v1/namespaces/default/events', event)
  assert.equal(made.code, 201, made.text)
  assert.equal((await api.call('GET', '/api/v1/namespaces/default/events/e')).body.message, 'hello')
  const found = await api.call('GET', '/apis/events.k8s.io/v1/events?fieldSelector=regarding.name%3Dp')
  assert.equal(found.body.items[0].note, 'hello')
  const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
  const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }
  await api.call('POST', v1, {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 50, scaleTargetRef },
  })
  const v2 = await api.call('GET', `${v1.replace('/v1/', '/v2/')}/h`)
  assert.equal(v2.body.spec.metrics[0].resource.target.averageUtilization, 50)
  const patched = await api.call('PATCH', `${v1}/h`, { spec: { maxReplicas: 5 } }, merge)
  assert.deepEqual([patched.body.apiVersion, patched.body.spec.maxReplicas], ['autoscaling/v1', 5])
})
