/** Writes what stands behind each Service into EndpointSlices of at most a hundred endpoints. */

import { nodes } from '../api/core/v1/node.ts'
import { pods } from '../api/core/v1/pod.ts'
import { type Service, services } from '../api/core/v1/service.ts'
import { type Endpoint, type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { parseAddress } from '../base/cidr.ts'
import { controllerReference } from '../machinery/owner-references.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, indexOf, on, type ReconcileContext } from '../reconcile/controller.ts'
import { Expectations } from '../reconcile/expectations.ts'
import {
  byNamespace,
  endpointIndexes,
  endpointsOf,
  endpointWatches,
  hasSelector,
  hostnameIn,
  type ResolvedPort,
  type ServiceEndpoint,
} from './service-endpoints.ts'

const serviceLabel = 'kubernetes.io/service-name'
const managerLabel = 'endpointslice.kubernetes.io/managed-by'
const manager = 'endpointslice-controller.k8s.io'
const headlessLabel = 'service.kubernetes.io/headless'
const zoneLabel = 'topology.kubernetes.io/zone'
const mostEndpoints = 100
const byService = 'byService'

const serviceKeyOf = (slice: EndpointSlice) =>
  slice.metadata.labels?.[managerLabel] === manager
    ? [`${slice.metadata.namespace}/${slice.metadata.labels[serviceLabel]}`]
    : []

export function endpointSliceController(): Controller {
  const expectations = new Expectations()
  return controller({
    name: 'endpoint-slice-controller',
    watches: [...endpointWatches, on(endpointSlices, serviceKeyOf)],
    reads: [nodes],
    indexes: [...endpointIndexes, indexOf(endpointSlices, byService, serviceKeyOf)],
    reconcile: (key, context) => reconcile(key, context, expectations),
  })
}

async function reconcile(key: string, context: ReconcileContext, expectations: Expectations) {
  const { informers, client } = context
  expectations.follow(informers.of(endpointSlices))
  const settled = expectations.settled(key)
  if (settled !== true) return { after: settled }
  const service = informers.of(services).get(key)
  const existing = informers.of(endpointSlices).byIndex(byService, key)
  const wanted =
    service && hasSelector(service) && !service.metadata.deletionTimestamp ? slicesOf(context, service) : []
  const { write, surplus } = match(wanted, existing)
  for (const [slice, before] of write) {
    if (before)
      await client.update(endpointSlices, { ...before, ...slice, metadata: { ...before.metadata, ...slice.metadata } })
    else expectations.expect(key, await client.create(endpointSlices, slice as never), 'created')
  }
  for (const slice of surplus) {
    if (!service) continue
    await client.delete(endpointSlices, slice.metadata).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
  return undefined
}

type Wanted = Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'> & {
  readonly metadata: Partial<EndpointSlice['metadata']>
}

function slicesOf({ informers }: ReconcileContext, service: Service): Wanted[] {
  const { name, namespace, labels } = service.metadata
  const all = endpointsOf(service, informers.of(pods).byIndex(byNamespace, namespace))
  const zoneOf = (node: string | undefined) => node && informers.of(nodes).get(node)?.metadata.labels?.[zoneLabel]
  const families = service.spec.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4']
  const metadata = {
    namespace,
    generateName: `${name}-`,
    ownerReferences: [controllerReference(service)],
    labels: {
      ...labels,
      [serviceLabel]: name,
      [managerLabel]: manager,
      ...(service.spec.clusterIP === 'None' && { [headlessLabel]: '' }),
    },
  }
  return families.flatMap(addressType =>
    byPorts(all).flatMap(({ ports, endpoints }) => {
      const entries = endpoints.flatMap(endpoint => entryOf(service, endpoint, addressType, zoneOf) ?? [])
      const chunks = Math.max(1, Math.ceil(entries.length / mostEndpoints))
      return Array.from({ length: chunks }, (_, i) => ({
        metadata,
        addressType,
        ports: ports.map(port => ({ ...port })),
        endpoints: entries.slice(i * mostEndpoints, (i + 1) * mostEndpoints),
      }))
    }),
  )
}

/** Pods whose named ports differ go into different slices; a Service without pods has one empty slice. */
function byPorts(all: readonly ServiceEndpoint[]) {
  const groups = new Map<string, { ports: readonly ResolvedPort[]; endpoints: ServiceEndpoint[] }>()
  for (const endpoint of all) {
    const id = JSON.stringify(endpoint.ports)
    const group = groups.get(id)
    if (group) group.endpoints.push(endpoint)
    else groups.set(id, { ports: endpoint.ports, endpoints: [endpoint] })
  }
  return groups.size ? [...groups.values()] : [{ ports: [], endpoints: [] }]
}

function entryOf(
  service: Service,
  { pod, ready, serving, terminating }: ServiceEndpoint,
  addressType: string,
  zoneOf: (node: string | undefined) => string | undefined,
): Endpoint | undefined {
  const ips = (pod.status.podIPs ?? []).map(ip => ip.ip)
  const family = addressType === 'IPv6' ? 6 : 4
  const address = [...ips, pod.status.podIP!].find(ip => parseAddress(ip)?.family === family)
  if (!address) return undefined
  const { name, namespace, uid } = pod.metadata
  const hostname = hostnameIn(service, pod)
  const zone = zoneOf(pod.spec.nodeName)
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(hostname && { hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone && { zone }),
  }
}

/** Pairs wanted slices with those that are there, the most alike first; only what differs is written. */
function match(wanted: readonly Wanted[], existing: readonly EndpointSlice[]) {
  const free = new Set(existing)
  const write: (readonly [Wanted, EndpointSlice | undefined])[] = []
  for (const slice of wanted) {
    const likeness = (candidate: EndpointSlice) => {
      if (candidate.addressType !== slice.addressType) return -1
      const uids = new Set(slice.endpoints?.map(endpoint => endpoint.targetRef?.uid))
      return candidate.endpoints?.filter(endpoint => uids.has(endpoint.targetRef?.uid)).length ?? 0
    }
    const best = [...free]
      .map(candidate => ({ candidate, score: likeness(candidate) }))
      .sort((a, b) => b.score - a.score)[0]
    const before = best && best.score >= 0 ? best.candidate : undefined
    if (before) free.delete(before)
    if (!before || !isSame(slice, before)) write.push([slice, before])
  }
  return { write, surplus: [...free] }
}

function isSame(slice: Wanted, before: EndpointSlice): boolean {
  const facts = (s: Wanted) => JSON.stringify([s.endpoints?.map(canonical) ?? [], s.ports?.map(canonical) ?? []])
  const labels = Object.entries(slice.metadata.labels ?? {})
  const same = labels.every(([key, value]) => before.metadata.labels?.[key] === value)
  return same && facts(slice) === facts(before)
}

/** Fields in one order, whoever wrote them. */
function canonical(value: object): unknown {
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, typeof field === 'object' && field !== null ? canonical(field) : field])
}
