/** Copies Endpoints that people wrote by hand, for Services without a selector, into EndpointSlices. */
import { type EndpointSubset, type Endpoints, endpoints } from '../api/core/v1/endpoints.ts'
import { services } from '../api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { parseAddress } from '../base/cidr.ts'
import { controllerReference } from '../machinery/owner-references.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, indexOf, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { Expectations } from '../reconcile/expectations.ts'
import type { WriteOfResource } from '../schema/resource.ts'
import { hasSelector } from './service-endpoints.ts'

const serviceLabel = 'kubernetes.io/service-name'
const managerLabel = 'endpointslice.kubernetes.io/managed-by'
const manager = 'endpointslicemirroring-controller.k8s.io'
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const byService = 'mirroredByService'

type Wanted = WriteOfResource<typeof endpointSlices>

const serviceKeyOf = ({ metadata: { namespace, labels } }: EndpointSlice) =>
  labels?.[managerLabel] === manager ? [`${namespace}/${labels[serviceLabel]}`] : []

export function endpointSliceMirroringController(): Controller {
  const expectations = new Expectations()
  return controller({
    name: 'endpointslicemirroring-controller',
    watches: [own(endpoints), own(services), on(endpointSlices, serviceKeyOf)],
    indexes: [indexOf(endpointSlices, byService, serviceKeyOf)],
    reconcile: (key, context) => reconcile(key, context, expectations),
  })
}

async function reconcile(key: string, { client, informers }: ReconcileContext, expectations: Expectations) {
  expectations.follow(informers.of(endpointSlices))
  const settled = expectations.settled(key)
  if (settled !== true) return { after: settled }
  const source = informers.of(endpoints).get(key)
  const service = informers.of(services).get(key)
  const mirrored = source && service && !hasSelector(service) && isMirrored(source)
  const wanted = mirrored ? (source.subsets?.flatMap((subset, i) => slicesOf(source, subset, i)) ?? []) : []
  const existing = new Map(
    informers
      .of(endpointSlices)
      .byIndex(byService, key)
      .map(slice => [idOf(slice), slice]),
  )
  for (const slice of wanted) {
    const before = existing.get(idOf(slice as EndpointSlice))
    existing.delete(idOf(slice as EndpointSlice))
    if (!before) expectations.expect(key, await client.create(endpointSlices, slice), 'created')
    else if (before.metadata.annotations?.[sourceAnnotation] !== source?.metadata.resourceVersion) {
      const { labels, annotations } = slice.metadata ?? {}
      await client.update(endpointSlices, {
        ...before,
        ...slice,
        metadata: { ...before.metadata, labels, annotations },
      } as never)
    }
  }
  for (const slice of existing.values()) {
    await client.delete(endpointSlices, slice.metadata).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
  return undefined
}

/** Where a slice is from: `subset/address type`, and the revision of the Endpoints. */
const partAnnotation = 'kobune.io/endpoints-part'
const sourceAnnotation = 'kobune.io/endpoints-resource-version'
const idOf = (slice: EndpointSlice) => slice.metadata.annotations?.[partAnnotation] ?? ''

function isMirrored({ metadata: { labels, annotations } }: Endpoints): boolean {
  return labels?.[skipLabel] !== 'true' && annotations?.[leaderAnnotation] === undefined
}

/** A slice for each address family of a subset. */
function slicesOf(source: Endpoints, subset: EndpointSubset, part: number): Wanted[] {
  const { name, namespace, labels, resourceVersion } = source.metadata
  const all = [
    ...(subset.addresses ?? []).map(address => ({ address, ready: true })),
    ...(subset.notReadyAddresses ?? []).map(address => ({ address, ready: false })),
  ]
  const families = Map.groupBy(all, ({ address }) => (parseAddress(address.ip)?.family === 6 ? 'IPv6' : 'IPv4'))
  return [...families].map(([addressType, addresses]) => ({
    metadata: {
      namespace,
      generateName: `${name}-`,
      labels: { ...labels, [serviceLabel]: name, [managerLabel]: manager },
      annotations: { [partAnnotation]: `${part}/${addressType}`, [sourceAnnotation]: resourceVersion },
      ownerReferences: [controllerReference(source)],
    },
    addressType,
    endpoints: addresses.map(({ address: { ip, hostname, nodeName, targetRef }, ready }) => ({
      addresses: [ip],
      conditions: { ready },
      ...(hostname && { hostname }),
      ...(nodeName && { nodeName }),
      ...(targetRef && { targetRef }),
    })),
    ports: (subset.ports ?? []).map(port => ({ ...port, name: port.name ?? '' })),
  }))
}
