import { namespaces } from '../../api/core/v1/namespace.ts'
import { forbidden, notFound, StatusError } from '../../machinery/status-error.ts'
import type { ApiRequest, Registry } from './api-request.ts'
import { subjectOf } from './metadata.ts'

/** Namespaces that are there from the start, and stay. */
export const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const
const immortal = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is created where there is no namespace, or in one that goes. */
export async function demandNamespace(registry: Registry, request: ApiRequest): Promise<void> {
  const { namespace, served } = request
  if (!served.resource.namespaced || namespace === undefined) return
  const { cache, prefix } = registry.table.of(namespaces)
  await cache.ready()
  let entry = cache.get(prefix + namespace)
  if (!entry) {
    await cache.feed.fresh()
    entry = cache.get(prefix + namespace)
  }
  if (!entry) throw notFound({ group: '', resource: 'namespaces', name: namespace })
  if (entry.object.metadata.deletionTimestamp === undefined) return
  const refusal = forbidden(
    subjectOf(request),
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  )
  const message = `namespace ${namespace} is being terminated`
  const causes = [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }]
  throw new StatusError({ ...refusal.status, details: { ...refusal.status.details, causes } })
}

/** The namespaces of the system itself cannot be deleted. */
export function demandMortal(request: ApiRequest): void {
  const { resource } = request.served
  if (resource.plural === 'namespaces' && resource.group === '' && immortal.has(request.name ?? '')) {
    throw forbidden(subjectOf(request), 'this namespace may not be deleted')
  }
}
