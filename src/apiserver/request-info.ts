import { badRequest } from '../machinery/status-error.ts'

/** What a URL and method are about, before anything is looked up. */
export interface RequestInfo {
  readonly verb: string
  readonly path: string
  /** Absent fields: not a request on a resource. */
  readonly resource?: {
    readonly group: string
    readonly version: string
    readonly plural: string
    readonly namespace: string | undefined
    readonly name: string | undefined
    readonly subresource: string
    /** Path after the subresource, with its slash; or ''. */
    readonly rest: string
  }
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
const namespaceOwn = new Set(['status', 'finalize'])

/** Reads method and path the way every Kubernetes client writes them. */
export function requestInfo(method: string, path: string, query: Pick<URLSearchParams, 'get'>): RequestInfo {
  const parts = path.split('/')
  const core = parts[1] === 'api'
  const at = core ? 3 : 4
  if ((!core && parts[1] !== 'apis') || parts.length <= at || parts[at] === '')
    return { verb: method.toLowerCase(), path }
  const group = core ? '' : parts[2]!
  const version = parts[at - 1]!
  const oldWatch = parts[at] === 'watch' && parts.length > at + 1
  const rest = parts.slice(oldWatch ? at + 1 : at)
  const where = locate(rest)
  const collection = where.name === undefined
  let verb = verbs[method] ?? (collection ? 'list' : 'get')
  if (method === 'DELETE' && collection) verb = 'deletecollection'
  const watch = query.get('watch')
  if (oldWatch || (verb === 'list' && watch !== null && watch !== 'false' && watch !== '0')) verb = 'watch'
  return { verb, path, resource: { group, version, ...where } }
}

function locate(parts: readonly string[]) {
  const decoded = (part: string | undefined) => (part ? decode(part) : undefined)
  const [first, second, third] = parts
  const scoped = first === 'namespaces' && second && third !== undefined && third !== '' && !namespaceOwn.has(third)
  const [plural, name, subresource, ...rest] = scoped ? parts.slice(2) : parts
  return {
    plural: plural!,
    namespace: scoped ? decoded(second) : undefined,
    name: decoded(name),
    subresource: subresource ?? '',
    rest: rest.length > 0 ? `/${rest.join('/')}` : '',
  }
}

function decode(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`the path has a part that cannot be decoded: ${part}`)
  }
}
