import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logger } from '../../base/log.ts'
import { memoryStorage } from '../../storage/memory/memory.ts'
import type { Storage, Watcher } from '../../storage/storage.ts'
import { encodeStored, headOf } from './entry.ts'
import { Feed } from './feed.ts'
import { ResourceCache } from './resource-cache.ts'

const kind = { kind: 'Thing', apiVersion: 'v1' }
const bytes = (name: string) => encodeStored({ ...kind, metadata: { name } } as never)

test('a cache is whole again after the watch on the store was lost', async () => {
  const memory = memoryStorage()
  let watcher: Watcher | undefined
  let stop: (() => void) | undefined
  const storage: Storage = Object.assign(Object.create(memory), {
    revision: () => memory.revision(),
    range: (options: Parameters<Storage['range']>[0]) => memory.range(options),
    watch(options: Parameters<Storage['watch']>[0], given: Watcher) {
      watcher = given
      const watch = memory.watch(options, given)
      stop = () => watch.stop()
      return watch
    },
  })
  const log = logger('test')
  log.level = 'fatal'
  const feed = new Feed(storage, log)
  await feed.start()
  const cache = new ResourceCache('/registry/things/', headOf(kind), feed)
  feed.add(cache.prefix, cache)
  await memory.put('/registry/things/a', bytes('a'))
  await cache.fresh()
  let lost = 0
  cache.subscribe({ change: () => undefined, lost: () => (lost += 1) })

  stop!()
  watcher!.end(new Error('the connection broke'))
  await memory.put('/registry/things/b', bytes('b'))
  await memory.delete('/registry/things/a')
  // Asked while there is no watch: answered when there is one again.
  await cache.fresh()
  assert.equal(lost, 1)
  assert.equal(cache.get('/registry/things/a'), undefined)
  assert.equal(cache.get('/registry/things/b')?.object.metadata.name, 'b')
  await memory.put('/registry/things/c', bytes('c'))
  await cache.fresh()
  assert.equal(cache.size, 2)
  feed.stop()
  await memory.close()
})
