import type { AnyResource } from '../schema/resource.ts'
import type { ApiCall } from './transport.ts'

/** `/api/v1`, `/apis/apps/v1` */
export function groupVersionPath(resource: Pick<AnyResource, 'group' | 'version'>): string {
  return resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
}

/** Path and query of a call, as every Kubernetes API server takes it. */
export function pathOf(call: Pick<ApiCall, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>): string {
  const { resource, namespace, name, subresource } = call
  const parts = [groupVersionPath(resource)]
  if (resource.namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(resource.plural)
  if (name !== undefined) parts.push(encodeURIComponent(name))
  if (subresource) parts.push(subresource)
  const query = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined && value !== '')
  const search = query.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')
  return parts.join('/') + (search && `?${search}`)
}
