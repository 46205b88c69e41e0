import { notFound } from '../../machinery/status-error.ts'
import type { Entry } from '../cache/entry.ts'
import type { Answer, ApiRequest } from './api-request.ts'
import { subjectOf } from './metadata.ts'
import { storageKey } from './storage-key.ts'

/** The newest state of the object a request names; throws NotFound. */
export async function find(request: ApiRequest): Promise<Entry> {
  const { served, namespace, name } = request
  const { cache } = served
  // resourceVersion=0 takes what is at hand; here that is as good, unless other servers write too.
  if (request.param('resourceVersion') === '0') await cache.ready()
  else await cache.fresh()
  const entry = cache.get(storageKey(served.prefix, namespace, name ?? ''))
  if (!entry) throw notFound(subjectOf(request))
  return entry
}

/** GET of one object, or of its status. */
export async function get(request: ApiRequest): Promise<Answer> {
  return { type: 'entry', code: 200, entry: await find(request), served: request.served }
}
