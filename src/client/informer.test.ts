import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '../api/core/v1/config-map.ts'
import { FakeClock } from '../base/fake-clock.ts'
import { setLogLevel } from '../base/log.ts'
import { Informer, InformerSet, keyOf, splitKey } from './informer.ts'
import { MemoryApi } from './memory-api.ts'

setLogLevel('silent')
const settle = () => new Promise(resolve => setImmediate(() => setImmediate(resolve)))
const map = (name: string, data = {}) => ({ metadata: { name, namespace: 'a' }, data })

async function scene() {
  const [api, clock] = [new MemoryApi(), new FakeClock()]
  const told: string[] = []
  const informer = new Informer(api.client, configMaps, { clock })
  informer.on({
    added: ({ metadata }) => told.push(`added ${metadata.name}`),
    updated: ({ metadata, data }, old) => told.push(`updated ${metadata.name} ${old.data?.k} -> ${data?.k}`),
    deleted: ({ metadata }) => told.push(`deleted ${metadata.name} ${metadata.uid}`),
  })
  const news = () => told.splice(0)
  /** The connection breaks, things happen, and the informer is back. */
  const miss = async (happens: () => Promise<unknown>) => {
    api.drop(new Error('connection reset'))
    await happens()
    for (let turn = 0; turn < 3; turn++) {
      await settle()
      clock.advance(1_000)
    }
    await settle()
  }
  return { api, clock, informer, news, miss }
}

test('keyOf() and splitKey() are each other turned around', () => {
  for (const key of ['node-1', 'a/web']) {
    const parts = splitKey(key)
    assert.equal(keyOf({ metadata: { ...parts, ...(parts.namespace ? {} : { namespace: undefined }) } } as never), key)
  }
})

test('Informer tells what is there, and what changes', async () => {
  const { api, informer, news } = await scene()
  await api.client.create(configMaps, map('one', { k: '1' }))
  await using running = informer.start()
  await running.synced
  assert.deepEqual(news(), ['added one'])
  await api.client.patch(configMaps, { namespace: 'a', name: 'one' }, { data: { k: '2' } })
  await api.client.create(configMaps, map('two'))
  await api.client.delete(configMaps, { namespace: 'a', name: 'one' })
  assert.deepEqual(news(), ['updated one 1 -> 2', 'added two', 'deleted one uid-101'])
  assert.deepEqual([informer.size, informer.get('a/two')?.metadata.name], [1, 'two'])
  const late: string[] = []
  informer.on({ added: ({ metadata }) => late.push(metadata.name) })
  assert.deepEqual(late, ['two'])
})

test('Informer goes on where a broken watch ended, without listing again', async () => {
  const { api, informer, news, miss } = await scene()
  await api.client.create(configMaps, map('one', { k: '1' }))
  await using _ = informer.start()
  await settle()
  news()
  await miss(async () => {
    await api.client.patch(configMaps, { namespace: 'a', name: 'one' }, { data: { k: '2' } })
    await api.client.create(configMaps, map('two'))
  })
  assert.deepEqual(news(), ['updated one 1 -> 2', 'added two'])
  assert.equal(api.calls.filter(call => call === 'list configmaps').length, 1)
})

test('Informer lists again when its revision is forgotten, and tells the differences only', async () => {
  const { api, informer, news, miss } = await scene()
  for (const name of ['same', 'changed', 'gone', 'replaced']) await api.client.create(configMaps, map(name, { k: '1' }))
  await using _ = informer.start()
  await settle()
  news()
  await miss(async () => {
    await api.client.patch(configMaps, { namespace: 'a', name: 'changed' }, { data: { k: '2' } })
    await api.client.delete(configMaps, { namespace: 'a', name: 'gone' })
    await api.client.delete(configMaps, { namespace: 'a', name: 'replaced' })
    await api.client.create(configMaps, map('replaced'))
    await api.client.create(configMaps, map('new'))
    api.compact()
  })
  assert.deepEqual(news().sort(), [
    'added new',
    'added replaced',
    'deleted gone uid-103',
    'deleted replaced uid-104',
    'updated changed 1 -> 2',
  ])
  assert.equal(api.calls.filter(call => call === 'list configmaps').length, 2)
})

test('Informer tries again until the first list is in', async () => {
  const { api, clock, informer } = await scene()
  api.intercept = () => Promise.reject(new Error('down'))
  await using running = informer.start()
  await settle()
  assert.equal(informer.hasSynced, false)
  api.intercept = () => {}
  clock.advance(100)
  await running.synced
})

test('Informer.synced rejects when it is stopped before', async () => {
  const { api, informer } = await scene()
  api.intercept = () => Promise.reject(new Error('down'))
  const { synced } = informer
  informer.start()
  await informer.stop()
  await assert.rejects(synced, /informer of configmaps was stopped/)
})

test('Informer.byIndex() follows objects as they change', async () => {
  const { api, informer } = await scene()
  await api.client.create(configMaps, map('one', { k: 'x' }))
  await using _ = informer.start()
  await informer.synced
  informer.index('byK', ({ data }) => (data?.k ? [data.k] : []))
  const names = (value: string) => informer.byIndex('byK', value).map(({ metadata }) => metadata.name)
  await api.client.create(configMaps, map('two', { k: 'x' }))
  assert.deepEqual(names('x'), ['one', 'two'])
  await api.client.patch(configMaps, { namespace: 'a', name: 'one' }, { data: { k: 'y' } })
  await api.client.delete(configMaps, { namespace: 'a', name: 'two' })
  assert.deepEqual([names('x'), names('y')], [[], ['one']])
  assert.throws(() => informer.byIndex('byZ', ''), /has no index byZ/)
})

test('InformerSet shares one informer for a kind', async () => {
  const api = new MemoryApi()
  await using set = new InformerSet(api.client)
  assert.equal(set.of(configMaps), set.of(configMaps))
  await set.of(configMaps).synced
  assert.deepEqual(
    api.calls.filter(call => call.startsWith('list')),
    ['list configmaps'],
  )
})
