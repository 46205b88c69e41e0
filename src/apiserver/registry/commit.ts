import type { KubernetesObject } from '../../api/group-version.ts'
import { type Entry, encodeStored } from '../cache/entry.ts'
import { deepEqual } from '../cache/json.ts'
import type { Served } from './served.ts'

/** How a write went: the object as stored now, or what was there instead of what was expected (undefined: nothing). */
export type Written = { readonly entry: Entry } | { readonly current: Entry | undefined }

/** Writes an object if the store holds `expect` (a revision; 0: nothing) under the key. */
export async function store(served: Served, key: string, object: KubernetesObject, expect: number): Promise<Written> {
  const { cache, lifetime: ttl } = served
  const bytes = encodeStored(object)
  cache.expectWrite(bytes, object)
  const result = await cache.feed.storage.put(key, bytes, ttl === undefined ? { expect } : { expect, ttl })
  if (!result.ok) return { current: result.current && cache.entryOf(result.current) }
  return {
    entry: cache.entryOf(
      result.kv ?? { key, value: bytes, modRevision: result.revision, createRevision: 0, version: 0 },
    ),
  }
}

/** Deletes what the store holds if it is still this entry. */
export async function remove(
  served: Served,
  entry: Entry,
): Promise<{ readonly revision: number } | { readonly current: Entry | undefined }> {
  const { cache, removed } = served
  const result = await cache.feed.storage.delete(entry.key, { expect: entry.revision })
  if (result.ok) {
    await removed?.(entry.object)
    return { revision: result.revision }
  }
  return { current: result.current && cache.entryOf(result.current) }
}

/** Whether writing the object would change nothing. */
export function unchanged(entry: Entry, object: KubernetesObject): boolean {
  const bytes = encodeStored(object)
  // Equal objects have equally long JSON, whatever the order of their fields.
  if (bytes.length !== entry.stored.length) return false
  if (bytes.equals(entry.stored)) return true
  const { metadata, ...rest } = object
  const { metadata: heldMetadata, ...held } = entry.object
  const version = { resourceVersion: undefined }
  return deepEqual(rest, held) && deepEqual({ ...metadata, ...version }, { ...heldMetadata, ...version })
}
