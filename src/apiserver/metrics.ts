import type { PathHandler } from './core.ts'
import type { Reply, ServerRequest } from './request.ts'
import { requestInfo } from './request-info.ts'

/** Upper bounds of the histogram of durations, in seconds: upstream's. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

interface Series {
  readonly labels: Readonly<Record<string, string>>
  count: number
  sum: number
  readonly buckets: number[]
}

/** Counted without any library until someone asks for it. */
const series = new Map<string, Series>()

/** Counts requests and measures how long they take; watches count when they begin. */
export function instrumented(handle: (request: ServerRequest) => Promise<Reply>) {
  return async (request: ServerRequest): Promise<Reply> => {
    const from = performance.now()
    const reply = await handle(request)
    record(request, reply.code, (performance.now() - from) / 1000)
    return reply
  }
}

function record(request: ServerRequest, code: number, seconds: number): void {
  const { verb, resource } = infoOf(request)
  const { group = '', version = '', plural = '', subresource = '' } = resource ?? {}
  const key = `${verb} ${group} ${version} ${plural} ${subresource} ${code}`
  let found = series.get(key)
  if (!found) {
    // Paths that lead nowhere must not grow this without end.
    if (series.size > 5000) return
    const labels = { verb: verb.toUpperCase(), group, version, resource: plural, subresource, code: String(code) }
    series.set(key, (found = { labels, count: 0, sum: 0, buckets: bounds.map(() => 0) }))
  }
  found.count += 1
  found.sum += seconds
  const at = bounds.findIndex(bound => seconds <= bound)
  if (at >= 0) found.buckets[at]! += 1
}

function infoOf({ method, path, query }: ServerRequest): Partial<ReturnType<typeof requestInfo>> & { verb: string } {
  try {
    return requestInfo(method, path, query)
  } catch {
    return { verb: method.toLowerCase() }
  }
}

/** /metrics, with those of the process. */
export const metrics: PathHandler = async ({ path }) => {
  if (path !== '/metrics') return undefined
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const own = [...requestLines()].join('\n')
  const body = `${own}\n${await registry.metrics()}`
  return { code: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(body) }
}

function* requestLines(): Iterable<string> {
  const text = (labels: object) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',')
  yield '# HELP apiserver_request_total Requests by verb, resource and code.'
  yield '# TYPE apiserver_request_total counter'
  for (const { labels, count } of series.values()) yield `apiserver_request_total{${text(labels)}} ${count}`
  const name = 'apiserver_request_duration_seconds'
  yield `# HELP ${name} Time until the answer was ready.`
  yield `# TYPE ${name} histogram`
  for (const { labels, count, sum, buckets } of series.values()) {
    let total = 0
    for (const [i, bound] of bounds.entries()) {
      total += buckets[i]!
      yield `${name}_bucket{${text({ ...labels, le: String(bound) })}} ${total}`
    }
    yield `${name}_bucket{${text({ ...labels, le: '+Inf' })}} ${count}`
    yield `${name}_sum{${text(labels)}} ${sum}`
    yield `${name}_count{${text(labels)}} ${count}`
  }
}
