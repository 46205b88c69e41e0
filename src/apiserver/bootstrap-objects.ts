import { namespaces } from '../api/core/v1/namespace.ts'
import { services } from '../api/core/v1/service.ts'
import { type ServiceCIDR, serviceCIDRs } from '../api/networking/v1/service-cidr.ts'
import { rfc3339 } from '../base/clock.ts'
import { isAlreadyExists } from '../machinery/status-error.ts'
import type { AnyResource } from '../schema/resource.ts'
import { deepEqual, type JsonObject } from './cache/json.ts'
import { amend } from './registry/amend.ts'
import type { ApiRequest, Registry } from './registry/api-request.ts'
import { create } from './registry/create.ts'
import { systemNamespaces } from './registry/namespace-lifecycle.ts'
import { storageKey } from './registry/storage-key.ts'
import type { User } from './user.ts'

/** The server itself, for what it writes on its own account. */
export const itself: User = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

interface Place {
  readonly port: number
  readonly serviceIP: string
  readonly serviceCIDR: string
}

/** Makes what every cluster has from the start: its namespaces, and the Service that leads to this server. */
export async function bootstrapObjects(registry: Registry, place: Place): Promise<void> {
  await Promise.all(systemNamespaces.map(name => ensure(registry, namespaces, undefined, { metadata: { name } })))
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  const port = { name: 'https', port: 443, protocol: 'TCP', targetPort: place.port }
  const spec = { type: 'ClusterIP', clusterIP: place.serviceIP, clusterIPs: [place.serviceIP], ports: [port] }
  await ensure(registry, services, 'default', { metadata: { name: 'kubernetes', labels }, spec })
  await serviceRange(registry, place.serviceCIDR)
}

/** The range of Services as upstream tells it. There is this one: others stay without a condition, and are not given out. */
async function serviceRange(registry: Registry, cidr: string): Promise<void> {
  const metadata = { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] }
  await ensure(registry, serviceCIDRs, undefined, { metadata, spec: { cidrs: [cidr] } })
  const at = { namespace: undefined, name: metadata.name }
  await amend<ServiceCIDR>(registry.table.of(serviceCIDRs), at, ({ status }) => {
    if (status.conditions?.length) return
    const lastTransitionTime = rfc3339(registry.clock.now())
    const message = 'Kubernetes Service CIDR is ready'
    status.conditions = [{ type: 'Ready', status: 'True', reason: '', message, lastTransitionTime }]
  })
}

/** Makes an object, or brings the fields given (beside metadata) of the one that is there to what they should be. */
export async function ensure(
  registry: Registry,
  resource: AnyResource,
  namespace: string | undefined,
  object: JsonObject,
): Promise<void> {
  const served = registry.table.of(resource)
  const { name } = object.metadata as { name: string }
  await served.cache.ready()
  const held = served.cache.get(storageKey(served.prefix, namespace, name))
  const { metadata: _, ...fields } = object
  if (!held) {
    const request: ApiRequest = {
      verb: 'create',
      served,
      namespace,
      name: undefined,
      subresource: '',
      user: itself,
      param: () => undefined,
      body: object,
      owned: false,
      warn: () => undefined,
    }
    try {
      await create(registry, request)
      return
    } catch (error) {
      // Another server was faster.
      if (!isAlreadyExists(error)) throw error
    }
  }
  await amend(served, { namespace, name }, draft => {
    const stored = draft as unknown as JsonObject
    for (const [field, value] of Object.entries(fields)) stored[field] = adjusted(stored[field], value)
  })
}

/** Fields of `wanted` over those of `held`; lists are replaced when they differ. */
function adjusted(held: unknown, wanted: unknown): unknown {
  if (deepEqual(held, wanted)) return held
  if (typeof held !== 'object' || held === null || Array.isArray(held)) return wanted
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return wanted
  const merged: JsonObject = { ...held }
  for (const [field, value] of Object.entries(wanted)) merged[field] = adjusted(merged[field], value)
  return merged
}
