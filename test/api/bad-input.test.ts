import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { memoryStorage } from '../../src/storage/memory/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { aPod, type CallOptions, httpClient, pods } from './support/http.ts'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
let http: ReturnType<typeof httpClient>
let storage: Storage
before(async () => {
  storage = memoryStorage()
  server = await testServer({ storage })
  await server.server.ready
  http = httpClient(server)
})
after(async () => {
  http.close()
  await server.stop()
  await storage.close()
})

interface Case {
  readonly what: string
  readonly call: readonly [method: string, path: string, body?: unknown, options?: CallOptions]
  readonly code: number
  readonly reason: string
  readonly message: RegExp | string
}

const merge = { type: 'application/merge-patch+json' }
const notHere = 'the server does not allow this method on the requested resource'
const unsupported = (options: string, field: string, value: string, values: string) =>
  `${options}.meta.k8s.io "" is invalid: ${field}: Unsupported value: "${value}": supported values: ${values}`

const cases: readonly Case[] = [
  {
    what: 'half a document',
    call: ['POST', pods, '{"a":'],
    code: 400,
    reason: 'BadRequest',
    message: /^couldn't get version\/kind; json parse error: /,
  },
  {
    what: 'no object',
    call: ['POST', pods, '[]'],
    code: 400,
    reason: 'BadRequest',
    message: /^the object provided is unrecognized \(must be of type Pod\)/,
  },
  {
    what: 'an unknown type',
    call: ['POST', pods, '{}', { type: 'text/csv' }],
    code: 415,
    reason: 'UnsupportedMediaType',
    message: /^the body of the request was in an unknown format - accepted media types include: application\/json/,
  },
  {
    what: 'a patch of an unknown type',
    call: ['PATCH', `${pods}/a`, '{}', { type: 'application/json' }],
    code: 415,
    reason: 'UnsupportedMediaType',
    message: /application\/merge-patch\+json/,
  },
  {
    what: 'brackets without end',
    call: ['POST', pods, '['.repeat(100_000)],
    code: 400,
    reason: 'BadRequest',
    message: /nests deeper/,
  },
  {
    what: 'brackets without end in YAML',
    call: ['POST', pods, '['.repeat(20_000), { type: 'application/yaml' }],
    code: 400,
    reason: 'BadRequest',
    message: /yaml parse error/,
  },
  {
    what: 'no protobuf',
    call: ['POST', pods, 'garbage', { type: 'application/vnd.kubernetes.protobuf' }],
    code: 400,
    reason: 'BadRequest',
    message: /not protobuf/,
  },
  {
    what: 'a number for a text',
    call: ['POST', pods, { metadata: { name: 'x' }, spec: { containers: [{ name: 1 }] } }],
    code: 400,
    reason: 'BadRequest',
    message: /cannot unmarshal number into Go struct field Container.spec.containers.name of type string$/,
  },
  {
    what: 'PUT on a collection',
    call: ['PUT', pods, aPod('a')],
    code: 405,
    reason: 'MethodNotAllowed',
    message: notHere,
  },
  {
    what: 'PATCH on a collection',
    call: ['PATCH', pods, {}, merge],
    code: 405,
    reason: 'MethodNotAllowed',
    message: notHere,
  },
  {
    what: 'POST on an object',
    call: ['POST', `${pods}/a`, aPod('a')],
    code: 405,
    reason: 'MethodNotAllowed',
    message: notHere,
  },
  {
    what: 'OPTIONS',
    call: ['OPTIONS', pods],
    code: 405,
    reason: 'MethodNotAllowed',
    message: notHere,
  },
  {
    what: 'a wrong dry run',
    call: ['POST', `${pods}?dryRun=some`, aPod('a')],
    code: 422,
    reason: 'Invalid',
    message: unsupported('CreateOptions', 'dryRun', 'some', '"All"'),
  },
  {
    what: 'a wrong field validation',
    call: ['PUT', `${pods}/a?fieldValidation=bogus`, aPod('a')],
    code: 422,
    reason: 'Invalid',
    message: unsupported('UpdateOptions', 'fieldValidation', 'bogus', '"Ignore", "Strict", "Warn"'),
  },
  {
    what: 'a wrong propagation policy',
    call: ['DELETE', `${pods}/a?propagationPolicy=bogus`],
    code: 422,
    reason: 'Invalid',
    message: unsupported('DeleteOptions', 'propagationPolicy', 'bogus', '"Background", "Foreground", "Orphan"'),
  },
  {
    what: 'a wrong number',
    call: ['GET', `${pods}?limit=abc`],
    code: 400,
    reason: 'BadRequest',
    message: /strconv.ParseInt: parsing "abc": invalid syntax/,
  },
  {
    what: 'a wrong continue token',
    call: ['GET', `${pods}?continue=abc`],
    code: 400,
    reason: 'BadRequest',
    message: /^continue key is not valid/,
  },
  {
    what: 'a field that cannot be selected by',
    call: ['GET', `${pods}?fieldSelector=spec.foo%3Dx`],
    code: 400,
    reason: 'BadRequest',
    message: /field label not supported: spec.foo/,
  },
  {
    what: 'an unknown form',
    call: ['GET', pods, undefined, { headers: { accept: 'image/png' } }],
    code: 406,
    reason: 'NotAcceptable',
    message: /^only the following media types are accepted/,
  },
]

for (const { what, call, code, reason, message } of cases) {
  test(`${what} is refused`, async () => {
    const answer = await http.call(...call)
    assert.equal(answer.body.kind, 'Status')
    assert.deepEqual([answer.code, answer.body.code, answer.body.reason], [code, code, reason])
    if (typeof message === 'string') assert.equal(answer.body.message, message)
    else assert.match(answer.body.message, message)
  })
}

test('parameters that nobody knows are ignored', async () => {
  assert.equal((await http.call('GET', `${pods}?whatever=1`)).code, 200)
})

test('what is not remembered any more is said to be expired, and a list may go on without it', async () => {
  for (const name of ['x1', 'x2', 'x3']) await http.call('POST', pods, aPod(name))
  const { body: first } = await http.call('GET', `${pods}?limit=1`)
  await http.call('DELETE', `${pods}/x3?gracePeriodSeconds=0`)
  await storage.compact(await storage.revision())
  const next = `${pods}?limit=5&continue=${first.metadata.continue}`
  const expired = await http.call('GET', next)
  assert.deepEqual([expired.code, expired.body.reason], [410, 'Expired'])
  assert.match(expired.body.message, /^The provided continue parameter is too old/)
  const rest = await http.call('GET', `${pods}?limit=5&continue=${expired.body.metadata.continue}`)
  assert.deepEqual(
    rest.body.items.map((pod: { metadata: { name: string } }) => pod.metadata.name),
    ['x2'],
  )
  const old = await http.call('GET', `${pods}?watch=true&resourceVersion=1`)
  assert.equal(old.code === 410 ? old.body.reason : JSON.parse(old.text).object.reason, 'Expired')
})

test('stopping lets writes under way finish, and ends watches', async () => {
  const held = memoryStorage()
  let release: (() => void) | undefined
  const gate = new Promise<void>(resolve => {
    release = resolve
  })
  let waiting: (() => void) | undefined
  const arrived = new Promise<void>(resolve => {
    waiting = resolve
  })
  const slow: Storage = new Proxy(held, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'put') return typeof value === 'function' ? value.bind(target) : value
      return async (...args: Parameters<Storage['put']>) => {
        if (args[0].endsWith('/late')) {
          waiting!()
          await gate
        }
        return target.put(...args)
      }
    },
  })
  const other = await testServer({ storage: slow })
  await other.server.ready
  const client = httpClient(other)
  const watching = client.watch(`${pods}?watch=true`, 100)
  const writing = client.call('POST', pods, aPod('late'))
  await arrived
  const stopped = other.stop()
  assert.deepEqual(await watching, [])
  release!()
  assert.equal((await writing).code, 201)
  await stopped
  assert.ok((await held.get('/registry/pods/default/late')).kv)
  client.close()
  await held.close()
})
