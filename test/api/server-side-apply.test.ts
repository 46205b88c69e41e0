import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fieldPaths, parseFields } from '../../src/machinery/field-set.ts'
import { type Answer, httpClient } from './support/http.ts'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
let http: ReturnType<typeof httpClient>
before(async () => {
  server = await testServer()
  await server.server.ready
  http = httpClient(server)
})
after(async () => {
  http.close()
  await server.stop()
})

const deployments = '/apis/apps/v1/namespaces/default/deployments'
const configMaps = '/api/v1/namespaces/default/configmaps'
const type = 'application/apply-patch+yaml'

const apply = (path: string, body: unknown, query = 'fieldManager=me') =>
  http.call('PATCH', `${path}?${query}`, body, { type })

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
  readonly fieldsV1: unknown
}
const owners = ({ body }: Answer) =>
  Object.fromEntries(
    (body.metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }: Entry) => [
      [manager, operation, subresource].filter(Boolean).join(' '),
      fieldPaths(parseFields(fieldsV1)),
    ]),
  )

const deployment = (replicas: number | undefined, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
})

test('an apply makes an object, says who has its fields, and then changes nothing', async () => {
  const path = `${deployments}/web`
  const made = await apply(path, deployment(2, 'a'))
  assert.equal(made.code, 201)
  assert.equal(made.body.spec.revisionHistoryLimit, 10)
  const [entry] = made.body.metadata.managedFields
  assert.deepEqual(entry.fieldsV1['f:spec'], {
    'f:replicas': {},
    'f:selector': {},
    'f:template': {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
    },
  })
  const again = await apply(path, deployment(2, 'a'))
  assert.equal(again.code, 200)
  assert.deepEqual(again.body, made.body)
})

test('others conflict, share, force, and scale', async () => {
  const path = `${deployments}/web`
  const refused = await apply(path, deployment(3, 'a'), 'fieldManager=other')
  assert.equal(refused.code, 409)
  assert.equal(refused.body.message, 'Apply failed with 1 conflict: conflict with "me": .spec.replicas')
  assert.deepEqual(refused.body.details.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.spec.replicas' },
  ])
  const forced = await apply(path, deployment(3, 'a'), 'fieldManager=other&force=true')
  assert.equal(forced.body.spec.replicas, 3)
  assert.ok(owners(forced)['other Apply'].includes('.spec.replicas'))
  assert.ok(!owners(forced)['me Apply'].includes('.spec.replicas'))
  const scale = { spec: { replicas: 7 } }
  const merge = { type: 'application/merge-patch+json', headers: { 'user-agent': 'scaler/v1 (x)' } }
  assert.equal((await http.call('PATCH', `${path}/scale`, scale, merge)).code, 200)
  const scaled = await http.call('GET', path)
  assert.deepEqual(owners(scaled)['scaler Update scale'], ['.spec.replicas'])
  const status = { status: { replicas: 7 } }
  const written = await http.call('PATCH', `${path}/status?fieldManager=controller`, status, merge)
  assert.deepEqual(owners(written)['controller Update status'], ['.status.replicas'])
})

test('an apply over what was never tracked', async () => {
  const body = { metadata: { name: 'old' }, data: { x: '1', y: '1' } }
  const posted = await http.call('POST', configMaps, body)
  assert.equal(posted.body.metadata.managedFields, undefined)
  const map = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', data })
  const refused = await apply(`${configMaps}/old`, map({ x: '2' }))
  assert.match(refused.body.message, /conflict with "before-first-apply" using v1: .data.x$/)
  const yaml = await apply(`${configMaps}/old`, 'apiVersion: v1\nkind: ConfigMap\ndata: {z: "1"}\n')
  assert.deepEqual(yaml.body.data, { x: '1', y: '1', z: '1' })
  const gone = await apply(`${configMaps}/old`, map({}))
  assert.deepEqual(gone.body.data, { x: '1', y: '1' })
})

test('a create that names its field manager is tracked', async () => {
  const body = { metadata: { name: 'named' }, data: { x: '1' } }
  const posted = await http.call('POST', `${configMaps}?fieldManager=creator`, body)
  assert.deepEqual(owners(posted), { 'creator Update': ['.data.x'] })
  const cleared = await http.call(
    'PATCH',
    `${configMaps}/named`,
    { metadata: { managedFields: [{}] } },
    { type: 'application/merge-patch+json' },
  )
  assert.equal(cleared.body.metadata.managedFields, undefined)
})

test('applies that make no sense are refused', async () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', data: { x: '1' } }
  const unnamed = await apply(`${configMaps}/n`, map, '')
  assert.equal(unnamed.code, 422)
  assert.match(unnamed.body.message, /fieldManager: Required value: is required for apply patch/)
  const managed = await apply(`${configMaps}/n`, { ...map, metadata: { managedFields: [{ manager: 'a' }] } })
  assert.equal(managed.body.message, 'metadata.managedFields must be nil')
  const merge = { type: 'application/merge-patch+json' }
  const forced = await http.call('PATCH', `${configMaps}/named?force=true`, {}, merge)
  assert.match(forced.body.message, /force: Forbidden: may not be specified for non-apply patch/)
  const twice = { name: 'c', image: 'x' }
  const template = { spec: { template: { spec: { containers: [twice, twice] } } } }
  const doubled = await apply(`${deployments}/web`, template)
  assert.equal(doubled.code, 400)
  assert.match(doubled.body.message, /duplicate entries for key \[name="c"\]/)
  const dry = await apply(`${configMaps}/dry`, map, 'fieldManager=me&dryRun=All')
  assert.equal(dry.code, 201)
  assert.equal((await http.call('GET', `${configMaps}/dry`)).code, 404)
})
