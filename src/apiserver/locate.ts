import { badRequest, statusError } from '../machinery/status-error.ts'
import type { Core } from './core.ts'
import type { Served } from './registry/served.ts'
import type { RequestInfo } from './request-info.ts'

/** What upstream says for a path that leads nowhere. */
export const unknownPath = () =>
  statusError('NotFound', 'the server could not find the requested resource', {
    causes: [{ reason: 'UnexpectedServerResponse', message: '404 page not found' }],
  })

/** The resource that a URL names. */
export function locate(
  core: Pick<Core, 'registry'>,
  info: RequestInfo,
): { served: Served; resource: NonNullable<RequestInfo['resource']> } {
  const resource = info.resource!
  const served = core.registry.table.get(resource.group, resource.version, resource.plural)
  if (!served) throw unknownPath()
  const scoped = served.resource.namespaced
  if (!scoped && resource.namespace !== undefined) throw unknownPath()
  if (scoped && resource.namespace === undefined && !['list', 'watch'].includes(info.verb)) {
    if (resource.name !== undefined || info.verb === 'deletecollection') throw unknownPath()
    throw badRequest('an empty namespace may not be set during creation')
  }
  return { served, resource }
}

const ofCollections = ['GET', 'POST', 'DELETE']
const ofObjects = ['GET', 'PUT', 'PATCH', 'DELETE']
const ofParts = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Refuses methods that no resource takes at such a path. */
export function demandMethod(method: string, { name, subresource }: NonNullable<RequestInfo['resource']>): void {
  const taken = name === undefined ? ofCollections : subresource === '' ? ofObjects : ofParts
  if (taken.includes(method)) return
  throw statusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}
