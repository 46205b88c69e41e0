/** Writes what stands behind each Service into the older Endpoints object of the same name. */
import { type EndpointAddress, type EndpointSubset, endpoints } from '../api/core/v1/endpoints.ts'
import { pods } from '../api/core/v1/pod.ts'
import { type Service, services } from '../api/core/v1/service.ts'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, own, type ReconcileContext } from '../reconcile/controller.ts'
import {
  byNamespace,
  endpointIndexes,
  endpointsOf,
  endpointWatches,
  hasSelector,
  hostnameIn,
  type ServiceEndpoint,
} from './service-endpoints.ts'

const headlessLabel = 'service.kubernetes.io/headless'
/** Upstream cuts larger ones, and says so in an annotation. */
const mostAddresses = 1000
const capacityAnnotation = 'endpoints.kubernetes.io/over-capacity'

export function endpointsController(): Controller {
  return controller({
    name: 'endpoint-controller',
    watches: [...endpointWatches, own(endpoints)],
    indexes: endpointIndexes,
    reconcile,
  })
}

async function reconcile(key: string, { informers, client }: ReconcileContext) {
  const service = informers.of(services).get(key)
  const existing = informers.of(endpoints).get(key)
  if (!service) {
    // Endpoints that never had a Service (leader locks of old, hand-made ones) are not ours to remove.
    const ours = existing?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller'
    if (ours) await client.delete(endpoints, existing.metadata).catch(unlessGone)
    return undefined
  }
  if (!hasSelector(service)) return undefined
  const { name, namespace, labels } = service.metadata
  const all = endpointsOf(service, informers.of(pods).byIndex(byNamespace, namespace))
  const listed = all.filter(endpoint => endpoint.ready || !endpoint.terminating)
  const subsets = subsetsOf(service, listed.slice(0, mostAddresses))
  const wanted = {
    ...labels,
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    ...(service.spec.clusterIP === 'None' && { [headlessLabel]: '' }),
  }
  const cut = listed.length > mostAddresses ? 'truncated' : undefined
  if (!existing) {
    const metadata = { name, namespace, labels: wanted, ...(cut && { annotations: { [capacityAnnotation]: cut } }) }
    await client.create(endpoints, { metadata, subsets }).catch(error => {
      if (!isAlreadyExists(error)) throw error
    })
    return undefined
  }
  const same = JSON.stringify(existing.subsets ?? []) === JSON.stringify(subsets)
  const labelled = Object.entries(wanted).every(([label, value]) => existing.metadata.labels?.[label] === value)
  if (same && labelled && existing.metadata.annotations?.[capacityAnnotation] === cut) return undefined
  const metadata = { labels: wanted, annotations: { [capacityAnnotation]: cut ?? null } }
  await client.patch(endpoints, existing.metadata, { metadata, subsets })
  return undefined
}

/** One subset for each set of ports. */
function subsetsOf(service: Service, all: readonly ServiceEndpoint[]): EndpointSubset[] {
  const groups = new Map<string, ServiceEndpoint[]>()
  for (const endpoint of all) {
    const id = JSON.stringify(endpoint.ports)
    groups.set(id, [...(groups.get(id) ?? []), endpoint])
  }
  return [...groups.values()].map(group => {
    const ready = group.filter(endpoint => endpoint.ready).map(endpoint => addressOf(service, endpoint))
    const notReady = group.filter(endpoint => !endpoint.ready).map(endpoint => addressOf(service, endpoint))
    return {
      ...(ready.length && { addresses: ready }),
      ...(notReady.length && { notReadyAddresses: notReady }),
      ports: group[0]!.ports.map(({ name, port, protocol, appProtocol }) => ({
        ...(name && { name }),
        port,
        protocol,
        ...(appProtocol && { appProtocol }),
      })),
    }
  })
}

function addressOf(service: Service, { pod }: ServiceEndpoint): EndpointAddress {
  const { name, namespace, uid } = pod.metadata
  const hostname = hostnameIn(service, pod)
  return {
    ip: pod.status.podIP!,
    ...(hostname && { hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error
}
