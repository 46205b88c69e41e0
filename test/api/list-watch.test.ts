import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { aPod, httpClient, pods } from './support/http.ts'
import { adminToken, type TestServer, testServer } from './support/server.ts'

let server: TestServer
let api: ReturnType<typeof httpClient>
before(async () => {
  server = await testServer()
  await server.server.ready
  api = httpClient(server)
  for (let i = 0; i < 9; i += 1)
    await api.call('POST', pods, aPod(`p${i}`, { parity: i % 2 ? 'odd' : 'even', n: `${i}` }))
  await api.call('POST', `${pods}/p3/binding`, { target: { kind: 'Node', name: 'n3' } })
})
after(async () => {
  api.close()
  await server.stop()
})
const names = (body: { items: { metadata: { name: string } }[] }) =>
  body.items.map(item => item.metadata.name).join(' ')
const merge = { type: 'application/merge-patch+json' }

test('list() goes by pages that show one state', async () => {
  const first = await api.call('GET', `${pods}?limit=4`)
  assert.equal(names(first.body), 'p0 p1 p2 p3')
  assert.equal(first.body.metadata.remainingItemCount, 5)
  await api.call('POST', pods, aPod('p35'))
  await api.call('DELETE', `${pods}/p35`)
  const next = `${pods}?limit=4&continue=${first.body.metadata.continue}`
  const second = await api.call('GET', next)
  assert.equal(names(second.body), 'p4 p5 p6 p7')
  assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
  const third = await api.call('GET', `${pods}?limit=4&continue=${second.body.metadata.continue}`)
  assert.equal(names(third.body), 'p8')
  assert.equal(third.body.metadata.continue, undefined)
  assert.equal((await api.call('GET', `${pods}?continue=nonsense`)).code, 400)
})

test('list() selects by labels and fields', async () => {
  const select = async (query: string) => names((await api.call('GET', `${pods}?${query}`)).body)
  assert.equal(await select('labelSelector=n%3D4'), 'p4')
  assert.equal(await select('labelSelector=parity%3Dodd,n+notin+(1,3)'), 'p5 p7')
  assert.equal(await select('fieldSelector=spec.nodeName%3Dn3'), 'p3')
  assert.equal(await select('fieldSelector=metadata.name%3Dp2'), 'p2')
  assert.equal(
    (await api.call('GET', `${pods}?fieldSelector=spec.wrong%3Da`)).body.message,
    'field label not supported: spec.wrong',
  )
  assert.equal((await api.call('GET', `${pods}?labelSelector=a+in+(`)).code, 400)
  assert.equal((await api.call('GET', `${pods}?resourceVersionMatch=Exact`)).code, 422)
})

test('watch() starts where it is told and follows what comes into view and leaves it', async () => {
  const { body } = await api.call('GET', pods)
  const from = body.metadata.resourceVersion
  const watching = api.watch(`${pods}?watch=true&resourceVersion=${from}&labelSelector=color%3Dred`, 3)
  await api.call('PATCH', `${pods}/p1`, { metadata: { labels: { color: 'red' } } }, merge)
  await api.call('PATCH', `${pods}/p1`, { metadata: { annotations: { a: 'b' } } }, merge)
  await api.call('PATCH', `${pods}/p1`, { metadata: { labels: { color: 'blue' } } }, merge)
  const events = await watching
  assert.deepEqual(
    events.map(event => event.type),
    ['ADDED', 'MODIFIED', 'DELETED'],
  )
  assert.equal(events[2].object.metadata.labels.color, 'red')
  assert.ok(Number(events[2].object.metadata.resourceVersion) > Number(events[1].object.metadata.resourceVersion))
})

test('watch() streams the initial state with its mark, and bookmarks at its end', async () => {
  const query =
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1'
  const events = await api.watch(`${pods}?${query}`, 100)
  assert.equal(events.filter(event => event.type === 'ADDED').length, 9)
  const marks = events.filter(event => event.type === 'BOOKMARK')
  assert.equal(marks[0].object.metadata.annotations['k8s.io/initial-events-end'], 'true')
  assert.equal(marks.length, 2)
  const old = await api.watch(`${pods}?watch=true&resourceVersion=1`, 1)
  // A server that remembers everything since the store was empty has nothing too old.
  assert.ok(old[0].type === 'ERROR' || old[0].type === 'ADDED' || old[0].code === 410)
})

test('tables, metadata and YAML are given to those who ask', async () => {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
  const table = await api.call('GET', pods, undefined, { headers: { accept } })
  assert.equal(table.body.kind, 'Table')
  assert.equal(table.body.columnDefinitions[0].name, 'Name')
  assert.equal(table.body.rows[0].object.kind, 'PartialObjectMetadata')
  const partial = await api.call('GET', pods, undefined, {
    headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
  })
  assert.equal(partial.body.kind, 'PartialObjectMetadataList')
  assert.equal(partial.body.items[0].spec, undefined)
  const yaml = await api.call('GET', `${pods}/p0`, undefined, { headers: { accept: 'application/yaml' } })
  assert.match(yaml.text, /^kind: Pod\n/)
  const posted = await api.call('POST', pods, 'metadata: {name: yaml}\nspec: {containers: [{name: a, image: b}]}', {
    type: 'application/yaml',
  })
  assert.equal(posted.code, 201)
  const odd = await api.call('GET', pods, undefined, { headers: { accept: 'application/vnd.kubernetes.protobuf' } })
  assert.equal(odd.code, 406)
})

test('a server refuses strangers, the unauthorized, wrong paths and big bodies', async () => {
  assert.equal((await api.call('GET', pods, undefined, { token: 'wrong' })).code, 401)
  const stranger = await api.call('GET', pods, undefined, { token: 'user:jane' })
  assert.equal(
    stranger.body.message,
    'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
  )
  const anonymous = await api.call('GET', '/metrics', undefined, { token: null })
  assert.match(anonymous.body.message, /User "system:anonymous" cannot get path "\/metrics"/)
  assert.equal((await api.call('GET', '/apis/nothing/v1/things')).code, 404)
  assert.equal((await api.call('GET', '/readyz', undefined, { token: null })).text, 'ok')
  assert.match((await api.call('GET', '/livez?verbose')).text, /\[\+\]ping ok/)
  const big = await api
    .call('POST', pods, `{"a":"${'x'.repeat(3.5 * 2 ** 20)}"}`)
    .catch(error => ({ code: 413, error }))
  assert.equal(big.code, 413)
  const deep = await api.call('POST', pods, `${'['.repeat(1000)}${']'.repeat(1000)}`)
  assert.equal(deep.code, 400)
  assert.match((await api.call('GET', '/metrics')).text, /apiserver_request_total\{verb="LIST"/)
})

test('callers in the same process get shared frozen objects', async () => {
  const { pods: resource } = await import('../../src/api/core/v1/pod.ts')
  const local = server.server.localTransport({ name: 'me', groups: ['system:masters'] })
  const body = aPod('local')
  const made = (await local.call({ verb: 'create', resource, namespace: 'default', body })) as {
    metadata: { uid: string }
  }
  assert.ok(made.metadata.uid && Object.isFrozen(made.metadata))
  assert.equal((body.metadata as { uid?: string }).uid, undefined)
  const got = await local.call({ verb: 'get', resource, namespace: 'default', name: 'local' })
  assert.equal(got, made)
  const stop = new AbortController()
  const seen: string[] = []
  const ended = new Promise<void>(resolve => {
    void local.watch(
      { verb: 'watch', resource, namespace: 'default' },
      { event: ({ type }) => seen.push(type) === 11 && stop.abort(), ended: () => resolve() },
      stop.signal,
    )
  })
  await ended
  assert.ok(seen.every(type => type === 'ADDED'))
  await assert.rejects(server.server.localTransport({ name: 'x', groups: [] }).call({ verb: 'list', resource }), {
    code: 403,
  })
  const raw = await local.raw('/version')
  assert.equal(raw.status, 200)
  assert.ok(adminToken)
})
