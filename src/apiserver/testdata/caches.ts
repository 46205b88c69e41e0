import type { KubernetesObject } from '../../api/group-version.ts'
import { resources } from '../../api/resources.ts'
import { logger } from '../../base/log.ts'
import { memoryStorage } from '../../storage/memory/memory.ts'
import { encodeStored } from '../cache/entry.ts'
import { Feed } from '../cache/feed.ts'
import { cacheLister } from '../lister.ts'
import { ResourceTable } from '../registry/served.ts'
import { storageKey } from '../registry/storage-key.ts'

interface Given {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: object
  readonly [field: string]: unknown
}

/** A server's caches over a store in memory, for tests of what reads them. */
export async function caches(...objects: readonly Given[]) {
  const storage = memoryStorage()
  const log = logger('test')
  log.level = 'error'
  const feed = new Feed(storage, log)
  await feed.start()
  const table = new ResourceTable(feed)
  for (const resource of resources) table.add(resource, {})
  const keyOf = ({ kind, apiVersion, metadata }: Given) => {
    const resource = resources.find(one => one.kind === kind && one.apiVersion === apiVersion)
    if (!resource) throw new Error(`there is no kind ${apiVersion} ${kind}`)
    const { name = '', namespace } = metadata as { name?: string; namespace?: string }
    return storageKey(table.of(resource).prefix, namespace, name)
  }
  const lister = cacheLister(table)
  const put = async (...given: readonly Given[]) => {
    for (const object of given) await storage.put(keyOf(object), encodeStored(object as unknown as KubernetesObject))
    await feed.fresh()
  }
  await put(...objects)
  await lister.ready(resources)
  return {
    lister,
    table,
    put,
    async remove(object: Given) {
      await storage.delete(keyOf(object))
      await feed.fresh()
    },
    async [Symbol.asyncDispose]() {
      feed.stop()
      await storage.close()
    },
  }
}
