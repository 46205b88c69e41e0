/** The paths the kubelet serves, what of a node each one is, and what they name. */

export interface Route {
  readonly name: string
  /** What the API server is asked for: this subresource of nodes. */
  readonly resource: 'proxy' | 'stats' | 'metrics' | 'log' | 'healthz' | 'pods'
  readonly pattern: RegExp
  /** Does something, whatever the method: a WebSocket comes by GET, and must not be had by those who may only look. */
  readonly acts?: true
}

const part = '([^/]+)'

export const routes: readonly Route[] = [
  { name: 'healthz', resource: 'healthz', pattern: /^\/healthz(?:\/.*)?$/ },
  { name: 'pods', resource: 'pods', pattern: /^\/pods\/?$/ },
  { name: 'runningpods', resource: 'proxy', pattern: /^\/runningpods\/?$/ },
  { name: 'summary', resource: 'stats', pattern: /^\/stats\/summary$/ },
  { name: 'resourceMetrics', resource: 'metrics', pattern: /^\/metrics\/resource$/ },
  { name: 'metrics', resource: 'metrics', pattern: /^\/metrics(?:\/probes|\/cadvisor)?$/ },
  { name: 'logs', resource: 'proxy', pattern: new RegExp(`^/containerLogs/${part}/${part}/${part}$`) },
  { name: 'exec', resource: 'proxy', acts: true, pattern: new RegExp(`^/exec/${part}/${part}(?:/${part})?/${part}$`) },
  {
    name: 'attach',
    resource: 'proxy',
    acts: true,
    pattern: new RegExp(`^/attach/${part}/${part}(?:/${part})?/${part}$`),
  },
  { name: 'run', resource: 'proxy', acts: true, pattern: new RegExp(`^/run/${part}/${part}(?:/${part})?/${part}$`) },
  {
    name: 'portForward',
    resource: 'proxy',
    acts: true,
    pattern: new RegExp(`^/portForward/${part}/${part}(?:/${part})?$`),
  },
]

export interface Matched {
  readonly route: Route
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** The route of a path; its names decoded. A uid between pod and container is allowed and ignored. */
export function matchRoute(path: string): Matched | undefined {
  for (const route of routes) {
    const match = route.pattern.exec(path)
    if (!match) continue
    const names = match.slice(1).map(name => name && decodeURIComponent(name))
    return { route, namespace: names[0] ?? '', pod: names[1] ?? '', container: names.at(-1) ?? '' }
  }
  return undefined
}

/** The verb of a request, as the API server's authorizer knows them. */
export function verbOf(method: string, { acts }: Pick<Route, 'acts'>): string {
  if (acts) return 'create'
  if (method === 'GET' || method === 'HEAD') return 'get'
  if (method === 'POST') return 'create'
  return method === 'PUT' ? 'update' : method.toLowerCase()
}
