import { forbidden, statusError } from '../machinery/status-error.ts'
import type { Attributes, Authorizer } from './authorizer.ts'
import type { RequestInfo } from './request-info.ts'
import { selectorAttributes } from './selector-attributes.ts'
import type { User } from './user.ts'

/** What a request asks for, in the words of authorization. */
export function attributesOf({ verb, path, resource }: RequestInfo, user: User, query: URLSearchParams): Attributes {
  if (!resource) return { user, verb, path }
  const { group, version, plural, namespace, name, subresource } = resource
  return {
    user,
    verb,
    path,
    group,
    version,
    resource: plural,
    subresource,
    ...(name === undefined && verb !== 'create' && selectorAttributes(parameter => query.get(parameter))),
    ...(namespace !== undefined && { namespace }),
    ...(plural === 'namespaces' && group === '' && name !== undefined && { namespace: name }),
    ...(name !== undefined && { name }),
  }
}

/** Refuses with Forbidden what the authorizer does not allow. */
export async function demandAllowed(authorizer: Authorizer, attributes: Attributes): Promise<void> {
  const pending = authorizer.authorize(attributes)
  const decision = pending instanceof Promise ? await pending : pending
  if (decision.allowed) return
  const { user, verb, path, resource, subresource, group, namespace, name } = attributes
  const why = decision.reason ? `: ${decision.reason}` : ''
  if (resource === undefined) {
    throw statusError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}${why}`,
      {},
    )
  }
  const full = subresource ? `${resource}/${subresource}` : resource
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  const text = `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group ?? '')} ${scope}${why}`
  throw forbidden({ group: group ?? '', resource, name: name ?? '' }, text)
}
