import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { httpClient } from './support/http.ts'
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

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const boats = '/apis/example.com/v1/namespaces/default/boats'
const merge = { type: 'application/merge-patch+json' }

const schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['sails'],
      properties: {
        sails: { type: 'integer', minimum: 1, maximum: 5 },
        color: { type: 'string', enum: ['red', 'white'], default: 'white' },
        name: { type: 'string', pattern: '^[a-z]+$', maxLength: 8 },
        length: { 'x-kubernetes-int-or-string': true },
        crew: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, age: { type: 'integer', default: 30 } },
          },
        },
        tags: { type: 'object', additionalProperties: { type: 'string' } },
        extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        note: { type: 'string', nullable: true },
      },
    },
    status: {
      type: 'object',
      properties: {
        sails: { type: 'integer' },
        conditions: {
          type: 'array',
          items: { type: 'object', properties: { type: { type: 'string' }, status: { type: 'string' } } },
        },
      },
    },
  },
}

const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.sails', statusReplicasPath: '.status.sails' } },
  additionalPrinterColumns: [
    { name: 'Sails', type: 'integer', jsonPath: '.spec.sails' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  ],
})

const definition = {
  metadata: { name: 'boats.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', kind: 'Boat', shortNames: ['bo'] },
    versions: [version('v1', true), version('v1beta1', false)],
  },
}

const established = async () => {
  for (;;) {
    const { body } = await http.call('GET', `${definitions}/boats.example.com`)
    if (body.status.conditions?.length === 2) return body
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('a definition is established, discovered and described', async () => {
  assert.equal((await http.call('GET', boats)).code, 404)
  assert.equal((await http.call('POST', definitions, definition)).code, 201)
  const { status } = await established()
  assert.deepEqual(
    status.conditions.map(({ type, status: is }: { type: string; status: string }) => `${type} ${is}`),
    ['NamesAccepted True', 'Established True'],
  )
  assert.equal(status.acceptedNames.listKind, 'BoatList')
  assert.deepEqual(status.storedVersions, ['v1'])
  const { body } = await http.call('GET', '/apis/example.com/v1')
  const names = body.resources.map(({ name }: { name: string }) => name)
  assert.deepEqual(names.sort(), ['boats', 'boats/scale', 'boats/status'])
  const openapi = await http.call('GET', '/openapi/v3/apis/example.com/v1')
  const boat = openapi.body.components.schemas['com.example.v1.Boat']
  assert.equal(boat.properties.spec.properties.color.type, 'string')
  assert.equal(boat.properties.spec.properties.extra['x-kubernetes-preserve-unknown-fields'], true)
})

test('objects are pruned, filled and checked', async () => {
  const spec = { sails: 2, crew: [{ name: 'ann' }], tags: { a: 'b' }, extra: { any: [1] }, note: null, unknown: 1 }
  const made = await http.call('POST', boats, { metadata: { name: 'one' }, spec: { ...spec, length: '4m' } })
  assert.equal(made.code, 201)
  assert.deepEqual(made.body.spec, {
    sails: 2,
    crew: [{ name: 'ann', age: 30 }],
    tags: { a: 'b' },
    extra: { any: [1] },
    note: null,
    length: '4m',
    color: 'white',
  })
  assert.equal(made.body.metadata.generation, 1)
  const wrong = async (more: object) => {
    const answer = await http.call('POST', boats, { metadata: { name: 'bad' }, spec: { sails: 2, ...more } })
    assert.ok(answer.code === 422 || answer.code === 400, JSON.stringify(answer.body))
    return answer.body.message as string
  }
  assert.match(
    await wrong({ sails: 9 }),
    /spec.sails: Invalid value: 9: spec.sails in body should be less than or equal/,
  )
  assert.match(await wrong({ sails: undefined }), /spec.sails: Required value/)
  assert.match(
    await wrong({ color: 'blue' }),
    /spec.color: Unsupported value: "blue": supported values: "red", "white"/,
  )
  assert.match(await wrong({ name: 'A' }), /spec.name in body should match '\^\[a-z\]\+\$'/)
  assert.match(await wrong({ crew: [{ name: 'x' }, { name: 'x' }] }), /spec.crew\[1\]: Duplicate value/)
  assert.match(await wrong({ sails: 'two' }), /cannot unmarshal string/)
})

test('status, scale, patches, apply, watch and tables', async () => {
  const watching = http.watch(`${boats}?watch=true`, 3)
  const ready = { conditions: [{ type: 'Ready', status: 'True' }], sails: 1 }
  const status = await http.call('PATCH', `${boats}/one/status`, { status: ready, spec: { sails: 5 } }, merge)
  assert.deepEqual([status.body.spec.sails, status.body.status.sails, status.body.metadata.generation], [2, 1, 1])
  const scale = await http.call('PATCH', `${boats}/one/scale`, { spec: { replicas: 3 } }, merge)
  assert.deepEqual([scale.body.spec.replicas, scale.body.status.replicas], [3, 1])
  const events = await watching
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.spec.sails]),
    [
      ['ADDED', 2],
      ['MODIFIED', 2],
      ['MODIFIED', 3],
    ],
  )
  const applied = await http.call(
    'PATCH',
    `${boats}/one?fieldManager=me`,
    { spec: { crew: [{ name: 'bob', age: 40 }] } },
    { type: 'application/apply-patch+yaml' },
  )
  assert.deepEqual(
    applied.body.spec.crew.map(({ name }: { name: string }) => name),
    ['ann', 'bob'],
  )
  const table = await http.call('GET', boats, undefined, {
    headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
  })
  assert.deepEqual(
    table.body.columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'Sails', 'Ready'],
  )
  assert.deepEqual(table.body.rows[0].cells, ['one', 3, 'True'])
  const beta = await http.call('GET', boats.replace('/v1/', '/v1beta1/'))
  assert.equal(beta.body.items[0].apiVersion, 'example.com/v1beta1')
})

test('a definition that goes takes its objects along', async () => {
  await http.call('PATCH', `${boats}/one`, { metadata: { finalizers: ['example.com/wait'] } }, merge)
  assert.equal((await http.call('DELETE', `${definitions}/boats.example.com`)).code, 200)
  const path = `${definitions}/boats.example.com`
  const leaving = async () => (await http.call('GET', `${boats}/one`)).body.metadata.deletionTimestamp
  while (!(await leaving())) await new Promise(resolve => setImmediate(resolve))
  assert.equal((await http.call('GET', path)).code, 200)
  await http.call('PATCH', `${boats}/one`, { metadata: { finalizers: null } }, merge)
  while ((await http.call('GET', path)).code !== 404) await new Promise(resolve => setImmediate(resolve))
  assert.equal((await http.call('GET', boats)).code, 404)
})
