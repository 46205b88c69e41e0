import { randomInt } from 'node:crypto'
import { systemClock } from '../../base/clock.ts'
import { badRequest, statusError } from '../../machinery/status-error.ts'
import type { Entry } from '../cache/entry.ts'
import { Change, seenAs } from '../cache/watch-event.ts'
import type { Answer, ApiRequest, Follower } from './api-request.ts'
import { collectionPrefix, revisionFor } from './list.ts'
import { type ListOptions, listOptions } from './list-options.ts'
import { type Selection, selectionOf } from './selection.ts'

/** Bookmarks come at least this often (milliseconds). */
const bookmarkEvery = 50_000

/** GET of a collection with watch=true. */
export async function watch(request: ApiRequest): Promise<Answer> {
  const options = listOptions(request, true)
  const selection = selectionOf(request)
  if (options.continueToken) throw badRequest('continue is not supported for watch')
  const { cache } = request.served
  const loading = cache.ready()
  if (loading) await loading
  await revisionFor(request, options)
  const { resourceVersion } = options
  const fromNow = !resourceVersion || options.sendInitialEvents === true
  if (!fromNow && resourceVersion < cache.floor) await cache.recall(resourceVersion)
  if (!fromNow && resourceVersion < cache.floor) throw tooOld(resourceVersion, cache.floor)
  return { type: 'watch', served: request.served, follow: follower => follow(request, options, selection, follower) }
}

/** Tells a follower everything from the state asked for on; must be called in the same turn as the checks in `watch`. */
function follow(request: ApiRequest, options: ListOptions, selection: Selection, follower: Follower): () => void {
  const { cache } = request.served
  const { feed } = cache
  const prefix = collectionPrefix(request)
  const whole = prefix === cache.prefix
  const matches = (entry: Entry) =>
    (whole || entry.key.startsWith(prefix)) && (selection.all || selection.matches(entry))
  const plain = whole && selection.all
  const tell = (change: Change) => {
    const type = plain ? change.type : seenAs(change, matches)
    if (type) follower.change(type, change)
  }
  const stops: (() => void)[] = []
  const end = (error?: Error) => {
    for (const stop of stops.splice(0)) stop()
    follower.ended(error)
  }
  const { resourceVersion, sendInitialEvents } = options
  if (!resourceVersion || sendInitialEvents) {
    if (sendInitialEvents !== false)
      for (const entry of initial(request, selection, prefix))
        follower.change('ADDED', new Change('ADDED', entry, undefined))
    if (sendInitialEvents) follower.bookmark(feed.revision, true)
  } else if (resourceVersion < cache.floor) {
    queueMicrotask(() => end(tooOld(resourceVersion, cache.floor)))
  } else for (const change of cache.since(resourceVersion)) tell(change)
  stops.push(cache.subscribe({ change: tell, lost: () => end() }))
  const bookmark = () => options.allowWatchBookmarks && follower.bookmark(feed.revision, false)
  // Upstream's own range, so that watches do not all come back at once.
  const seconds = options.timeoutSeconds || randomInt(1800, 3600)
  stops.push(
    systemClock.after(seconds * 1000, () => {
      bookmark()
      end()
    }),
  )
  if (options.allowWatchBookmarks) {
    const timer = setInterval(bookmark, bookmarkEvery)
    stops.push(() => clearInterval(timer))
  }
  return () => {
    for (const stop of stops.splice(0)) stop()
  }
}

function initial(request: ApiRequest, selection: Selection, prefix: string): Entry[] {
  const found: Entry[] = []
  const candidates = selection.candidates()
  if (candidates) return candidates.filter(entry => entry.key.startsWith(prefix) && selection.matches(entry))
  request.served.cache.scan(prefix, prefix, entry => {
    if (selection.all || selection.matches(entry)) found.push(entry)
    return true
  })
  return found
}

function tooOld(wanted: number, floor: number) {
  return statusError('Expired', `too old resource version: ${wanted} (${floor})`)
}
