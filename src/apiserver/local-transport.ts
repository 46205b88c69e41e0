import type { ApiCall, Transport, WatchEvent } from '../client/transport.ts'
import { StatusError } from '../machinery/status-error.ts'
import { demandAllowed } from './access.ts'
import { asStatus } from './as-status.ts'
import type { Core } from './core.ts'
import { bookmarkObject } from './frames.ts'
import { handle } from './handle.ts'
import { listMeta } from './list-meta.ts'
import type { Answer, ApiRequest } from './registry/api-request.ts'
import { operate } from './registry/operate.ts'
import type { Sink } from './request.ts'
import { selectorAttributes } from './selector-attributes.ts'
import type { User } from './user.ts'

/** Events that a watcher in this process may be behind. */
const mostBehind = 100_000

/**
 * The way of components in the server's own process: calls are authorized like everyone's, but nothing is serialized.
 * Bodies are copied before any change; answers and events are the shared frozen objects of the watch cache.
 */
export function localTransport(core: Core, user: User): Transport {
  return {
    async call(call) {
      return resultOf(await dispatch(core, user, call))
    },
    async watch(call, on, signal) {
      const answer = await dispatch(core, user, call)
      if (answer.type !== 'watch') throw new Error('a watch was answered with something else')
      if (signal.aborted) return on.ended(undefined)
      followLocally(answer, on, signal)
    },
    raw: (path, options, signal) => raw(core, user, path, options, signal),
    close: async () => undefined,
  }
}

async function dispatch(core: Core, user: User, call: ApiCall): Promise<Answer> {
  const { verb, resource, namespace, name, subresource = '', query, body, patchType } = call
  const param = (parameter: string) => {
    const value = query?.[parameter]
    return value === undefined ? undefined : String(value)
  }
  try {
    const { group, version, plural, namespaced } = resource
    await demandAllowed(core.authorizer, {
      user,
      verb,
      path: '',
      group,
      version,
      resource: plural,
      subresource,
      ...(namespaced && namespace !== undefined && { namespace }),
      ...(name !== undefined ? { name } : selectorAttributes(param)),
    })
    const request: ApiRequest = {
      verb,
      served: core.registry.table.of(resource),
      namespace: namespaced ? namespace || undefined : undefined,
      name,
      subresource,
      user,
      param,
      body,
      owned: false,
      patchType,
      warn: () => undefined,
    }
    return await operate(core.registry, request)
  } catch (error) {
    throw asStatus(error, core.log)
  }
}

function resultOf(answer: Answer): unknown {
  if (answer.type === 'entry') return answer.entry.object
  if (answer.type === 'object') return answer.object
  if (answer.type === 'watch') throw new Error('a watch is no value')
  const { kind, apiVersion } = answer.served.resource
  return {
    kind: `${kind}List`,
    apiVersion,
    metadata: listMeta(answer),
    items: answer.entries.map(entry => entry.object),
  }
}

type Handlers = Parameters<Transport['watch']>[1]

/** Hands events over outside of the store's own turn, so that a handler may write, and its errors stay its own. */
function followLocally(answer: Extract<Answer, { type: 'watch' }>, on: Handlers, signal: AbortSignal): void {
  let pending: WatchEvent[] = []
  let scheduled = false
  let over: { error: Error | undefined } | undefined
  const flush = () => {
    scheduled = false
    const batch = pending
    pending = []
    for (const event of batch) {
      if (signal.aborted) break
      on.event(event)
    }
    if (over) on.ended(over.error)
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    queueMicrotask(flush)
  }
  const push = (event: WatchEvent) => {
    if (over) return
    pending.push(event)
    if (pending.length > mostBehind) end(new Error('the watcher fell too far behind'))
    else schedule()
  }
  const end = (error?: Error) => {
    if (over) return
    over = { error }
    signal.removeEventListener('abort', aborted)
    stop?.()
    schedule()
  }
  const aborted = () => end()
  let stop: (() => void) | undefined
  signal.addEventListener('abort', aborted, { once: true })
  stop = answer.follow({
    change: (type, change) => push({ type, object: change.shown(type).object }),
    bookmark: (revision, initialEventsEnd) =>
      push({ type: 'BOOKMARK', object: bookmarkObject(answer.served.resource, revision, initialEventsEnd) }),
    ended: end,
  })
  if (over) stop()
}

async function raw(
  core: Core,
  user: User,
  path: string,
  options: Parameters<Transport['raw']>[1] = {},
  signal: AbortSignal = new AbortController().signal,
): ReturnType<Transport['raw']> {
  const [pathname = '/', search = ''] = path.split('?', 2)
  const { method = 'GET', body = '', contentType, accept } = options
  const reply = await handle(core, {
    method,
    path: pathname,
    query: new URLSearchParams(search),
    headers: { ...(contentType && { 'content-type': contentType }), ...(accept && { accept }) },
    body: async () => Buffer.from(body),
    signal,
    user,
    certificates: [],
    remoteAddress: '',
  })
  if (reply.code >= 400) throw statusOf(reply.body)
  if (!reply.run) return { status: reply.code, body: once(reply.body ?? new Uint8Array(0)) }
  return { status: reply.code, body: streamed(reply.run, signal) }
}

function statusOf(body: Uint8Array | undefined): StatusError {
  const text = Buffer.from(body ?? []).toString()
  try {
    return new StatusError(JSON.parse(text))
  } catch {
    return new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: text,
      code: 500,
    })
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

async function* streamed(
  run: (sink: Sink, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = []
  let wake: () => void = () => undefined
  let over = false
  const write = (chunk: Uint8Array) => {
    chunks.push(chunk)
    wake()
    return true
  }
  const running = run({ write, drained: async () => undefined }, signal).finally(() => {
    over = true
    wake()
  })
  for (;;) {
    while (chunks.length > 0) yield chunks.shift()!
    if (over) break
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
  await running
}
