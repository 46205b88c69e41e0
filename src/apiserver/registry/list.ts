import { setTimeout as sleep } from 'node:timers/promises'
import { StatusError, statusError } from '../../machinery/status-error.ts'
import { CompactedError } from '../../storage/storage.ts'
import type { Entry } from '../cache/entry.ts'
import type { Answer, ApiRequest, Page } from './api-request.ts'
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts'
import { type ListOptions, listOptions, tooLarge } from './list-options.ts'
import { type Selection, selectionOf } from './selection.ts'

/** How long a request waits for a revision that this server has not seen yet. */
const patience = 3000

/** GET of a collection. */
export async function list(request: ApiRequest): Promise<Answer> {
  return { type: 'list', ...(await page(request)) }
}

/** The prefix of the keys that a request's collection lies under. */
export function collectionPrefix({ served, namespace }: Pick<ApiRequest, 'served' | 'namespace'>): string {
  return namespace === undefined ? served.prefix : `${served.prefix}${namespace}/`
}

/** One page of a collection; without a limit, all of it. */
export async function page(request: ApiRequest): Promise<Page> {
  const options = listOptions(request, false)
  const selection = selectionOf(request)
  const { served } = request
  const loading = served.cache.ready()
  if (loading) await loading
  if (options.continueToken) return continued(request, options, selection, decodeContinue(options.continueToken))
  await revisionFor(request, options)
  if (options.match === 'Exact') {
    const token = { revision: options.resourceVersion!, start: '' }
    return pageAt(request, options, selection, token)
  }
  return fromCache(request, selection, { start: '', limit: options.limit, revision: served.cache.feed.revision })
}

/** Waits until the cache is as new as the request wants. It may be newer by the time anyone looks. */
export async function revisionFor(
  { served }: ApiRequest,
  options: Pick<ListOptions, 'resourceVersion'>,
): Promise<void> {
  const { feed } = served.cache
  const wanted = options.resourceVersion
  if (wanted === 0) return
  const current = await feed.fresh()
  if (wanted === undefined || wanted <= current) return
  const timer = new AbortController()
  await Promise.race([
    feed.reached(wanted),
    sleep(patience, undefined, { signal: timer.signal }).catch(() => undefined),
  ])
  timer.abort()
  if (feed.revision < wanted) throw tooLarge(wanted, feed.revision)
}

interface Window {
  /** Relative to the prefix. */
  readonly start: string
  readonly limit: number
  readonly revision: number
}

function fromCache(request: ApiRequest, selection: Selection, { start, limit, revision }: Window): Page {
  const { served } = request
  const { cache } = served
  const prefix = collectionPrefix(request)
  const entries: Entry[] = []
  let more: string | undefined
  const take = (entry: Entry): boolean => {
    if (!selection.all && !selection.matches(entry)) return true
    if (limit > 0 && entries.length === limit) {
      more = entry.key
      return false
    }
    entries.push(entry)
    return true
  }
  const candidates = selection.candidates()
  const first = prefix + start
  if (candidates) candidates.every(entry => !entry.key.startsWith(prefix) || entry.key < first || take(entry))
  else cache.scan(prefix, first, take)
  if (more === undefined) return { served, entries, revision }
  const next = encodeContinue({ revision, start: more.slice(prefix.length) })
  // Upstream does not count what a selector would have to look at.
  const remaining = selection.all ? cache.count(prefix, more) : undefined
  return { served, entries, revision, next, remaining }
}

async function continued(
  request: ApiRequest,
  options: ListOptions,
  selection: Selection,
  token: ContinueToken,
): Promise<Page> {
  if (token.revision < 0) {
    const { feed } = request.served.cache
    await feed.fresh()
    const { revision } = feed
    return fromCache(request, selection, { start: token.start, limit: options.limit, revision })
  }
  try {
    return await pageAt(request, options, selection, token)
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'Expired') throw expiredContinue(token)
    throw error
  }
}

/** A page of the state at a revision: from the cache when nothing changed since, else from the store's history. */
async function pageAt(
  request: ApiRequest,
  options: ListOptions,
  selection: Selection,
  at: ContinueToken,
): Promise<Page> {
  const { served } = request
  const { cache } = served
  const { revision, start } = at
  const { limit } = options
  await revisionFor(request, { resourceVersion: revision })
  if (cache.changed <= revision) return fromCache(request, selection, { start, limit, revision })
  const prefix = collectionPrefix(request)
  const entries: Entry[] = []
  let from = prefix + start
  for (;;) {
    const batch = limit === 0 ? 0 : selection.all ? limit - entries.length : Math.max(limit, 500)
    const { kvs, more, count } = await past(() =>
      cache.feed.storage.range({ prefix, start: from, limit: batch, revision }),
    )
    for (const [i, kv] of kvs.entries()) {
      const entry = cache.entryOf(kv)
      if (!selection.all && !selection.matches(entry)) continue
      entries.push(entry)
      if (limit === 0 || entries.length < limit) continue
      if (i === kvs.length - 1 && !more) break
      const remaining = selection.all ? count - (i + 1) : undefined
      return {
        served,
        entries,
        revision,
        next: encodeContinue({ revision, start: `${kv.key.slice(prefix.length)}\0` }),
        remaining,
      }
    }
    if (!more) return { served, entries, revision }
    from = `${kvs.at(-1)!.key}\0`
  }
}

async function past<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error
    throw statusError('Expired', 'The resourceVersion for the provided list is too old.')
  }
}

function expiredContinue({ start }: ContinueToken): StatusError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
    'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
    'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
    'deleted between the time the first chunk was returned and now may show up in the list.'
  const { status } = statusError('Expired', message)
  return new StatusError({ ...status, metadata: { continue: encodeContinue({ revision: -1, start }) } })
}
