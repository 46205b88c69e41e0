import type { KubernetesObject } from '../../api/group-version.ts'
import { conflict, notFound, staleObject } from '../../machinery/status-error.ts'
import type { Entry } from '../cache/entry.ts'
import { deepCopy } from '../cache/json.ts'
import { store, unchanged } from './commit.ts'
import type { Served } from './served.ts'
import { storageKey } from './storage-key.ts'
import type { Draft } from './strategy.ts'

const attempts = 10

/**
 * Changes a stored object on the server's own account, past the checks for clients: `change` gets a copy of the newest
 * state, again after a lost race, and refuses by throwing.
 */
export async function amend<T extends KubernetesObject>(
  served: Served,
  at: { readonly namespace: string | undefined; readonly name: string },
  change: (draft: Draft<T>, old: T) => void,
): Promise<Entry> {
  const { cache, prefix, resource } = served
  await cache.fresh()
  const key = storageKey(prefix, at.namespace, at.name)
  const subject = { group: resource.group, resource: resource.plural, name: at.name }
  let entry = cache.get(key)
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (!entry) throw notFound(subject)
    const draft = deepCopy(entry.object) as unknown as Draft<T>
    change(draft, entry.object as T)
    const object = draft as unknown as KubernetesObject
    if (unchanged(entry, object)) return entry
    const written = await store(served, key, object, entry.revision)
    if ('entry' in written) return written.entry
    entry = written.current
  }
  throw conflict(subject, staleObject)
}
