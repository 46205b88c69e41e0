/**
 * The names of Services and pods, after the Kubernetes DNS specification 1.1.0:
 * https://github.com/kubernetes/dns/blob/master/docs/specification.md
 */
import { namespaces } from '../api/core/v1/namespace.ts'
import { type Service, services } from '../api/core/v1/service.ts'
import { type Endpoint, type EndpointSlice, endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { parseAddress } from '../base/cidr.ts'
import type { InformerSet } from '../client/informer.ts'
import type { Found, RecordData } from './records.ts'

const byService = 'byService'
const byAddress = 'byAddress'

export interface ClusterRecordsOptions {
  readonly informers: InformerSet
  /** `cluster.local` */
  readonly domain: string
}

export class ClusterRecords {
  readonly #domain: readonly string[]
  readonly #suffix: string
  readonly #informers: InformerSet

  constructor({ informers, domain }: ClusterRecordsOptions) {
    this.#informers = informers
    this.#domain = domain.split('.').reverse()
    this.#suffix = domain
    informers.of(services).index(byAddress, service => service.spec.clusterIPs?.filter(ip => ip !== 'None') ?? [])
    const slices = informers.of(endpointSlices)
    slices.index(byService, slice => [
      `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name']}`,
    ])
    slices.index(byAddress, slice => slice.endpoints?.flatMap(endpoint => endpoint.addresses) ?? [])
    informers.of(namespaces)
  }

  /** Resolves when all kinds have been listed. */
  async synced(): Promise<void> {
    await Promise.all(
      [services, endpointSlices, namespaces].map(resource => this.#informers.of(resource as typeof services).synced),
    )
  }

  /** What the cluster says of a name (lower case, without the last dot); undefined when the name is not the cluster's. */
  find(name: string): Found | undefined {
    const labels = name.split('.').reverse()
    if (!this.#domain.every((label, i) => labels[i] === label)) return undefined
    const [kind, namespace, ...rest] = labels.slice(this.#domain.length)
    if (kind === undefined) return { records: [] }
    if (kind === 'dns-version' && namespace === undefined) return { records: [{ type: 'TXT', data: '1.1.0' }] }
    if (kind !== 'svc' && kind !== 'pod') return 'absent'
    if (namespace === undefined) return { records: [] }
    if (!this.#informers.of(namespaces).get(namespace)) return 'absent'
    if (rest.length === 0) return { records: [] }
    return kind === 'pod' ? podRecord(rest) : this.#service(namespace, rest)
  }

  /** Names of an address that Services or their pods have. */
  reverse(address: string): readonly string[] {
    const service = this.#informers.of(services).byIndex(byAddress, address)[0]
    if (service) return [this.#nameOf(service.metadata)]
    return this.#informers
      .of(endpointSlices)
      .byIndex(byAddress, address)
      .flatMap(slice => {
        const name = slice.metadata.labels?.['kubernetes.io/service-name']
        const owner = this.#informers.of(services).get(`${slice.metadata.namespace}/${name}`)
        if (owner?.spec.clusterIP !== 'None') return []
        const hits = slice.endpoints?.filter(endpoint => endpoint.addresses.includes(address)) ?? []
        return hits.map(endpoint => `${hostOf(endpoint)}.${this.#nameOf(owner.metadata)}`)
      })
  }

  #nameOf({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
    return `${name}.${namespace}.svc.${this.#suffix}`
  }

  /** `rest` from right to left: service, then a port's protocol and name, or a host. */
  #service(namespace: string, rest: readonly string[]): Found {
    const [name, second, third, ...more] = rest as [string, ...(string | undefined)[]]
    const service = this.#informers.of(services).get(`${namespace}/${name}`)
    if (!service || more.length) return 'absent'
    if (service.spec.type === 'ExternalName') {
      return second === undefined && service.spec.externalName
        ? { records: [{ type: 'CNAME', data: service.spec.externalName.replace(/\.$/, '').toLowerCase() }] }
        : 'absent'
    }
    const slices = this.#informers.of(endpointSlices).byIndex(byService, `${namespace}/${name}`)
    const headless = service.spec.clusterIP === 'None'
    if (second === undefined) {
      const addresses = headless
        ? endpointsOf(service, slices).flatMap(e => e.addresses)
        : (service.spec.clusterIPs ?? [])
      const ports = headless ? this.#headlessPorts(service, slices) : this.#ports(service)
      const records = [...addresses.map(addressRecord), ...ports]
      return headless && addresses.length === 0 ? 'absent' : { records }
    }
    if (second.startsWith('_')) return this.#srv(service, slices, { protocol: second, port: third })
    if (!headless || third !== undefined) return 'absent'
    const hosts = endpointsOf(service, slices).filter(endpoint => hostOf(endpoint) === second)
    return hosts.length ? { records: hosts.flatMap(host => host.addresses).map(addressRecord) } : 'absent'
  }

  #ports(service: Service): RecordData[] {
    const target = this.#nameOf(service.metadata)
    return (service.spec.ports ?? []).map(({ port }) => srv(port, target))
  }

  #headlessPorts(service: Service, slices: readonly EndpointSlice[]): RecordData[] {
    const name = this.#nameOf(service.metadata)
    return slices.flatMap(slice =>
      usable(service, slice).flatMap(endpoint =>
        (slice.ports ?? []).flatMap(({ port }) => (port ? [srv(port, `${hostOf(endpoint)}.${name}`)] : [])),
      ),
    )
  }

  #srv(
    service: Service,
    slices: readonly EndpointSlice[],
    asked: { readonly protocol: string; readonly port: string | undefined },
  ): Found {
    const protocol = asked.protocol.slice(1).toUpperCase()
    if (!asked.port?.startsWith('_')) return 'absent'
    const name = asked.port.slice(1)
    const target = this.#nameOf(service.metadata)
    const records =
      service.spec.clusterIP === 'None'
        ? slices.flatMap(slice => {
            const port = slice.ports?.find(p => p.name === name && (p.protocol ?? 'TCP') === protocol)?.port
            return port ? usable(service, slice).map(endpoint => srv(port, `${hostOf(endpoint)}.${target}`)) : []
          })
        : (service.spec.ports ?? [])
            .filter(port => port.name === name && port.protocol === protocol)
            .map(({ port }) => srv(port, target))
    return records.length ? { records } : 'absent'
  }
}

const srv = (port: number, target: string): RecordData => ({
  type: 'SRV',
  data: { priority: 0, weight: 100, port, target },
})

function addressRecord(address: string): RecordData {
  return { type: address.includes(':') ? 'AAAA' : 'A', data: address }
}

function usable(service: Service, slice: EndpointSlice): readonly Endpoint[] {
  const always = service.spec.publishNotReadyAddresses
  return (slice.endpoints ?? []).filter(endpoint => always || endpoint.conditions?.ready !== false)
}

function endpointsOf(service: Service, slices: readonly EndpointSlice[]): readonly Endpoint[] {
  return slices.flatMap(slice => usable(service, slice))
}

/** The pod's host name where it has one, else its address with dashes. */
function hostOf({ hostname, addresses }: Endpoint): string {
  return hostname ?? addresses[0]!.replace(/[.:]/g, '-')
}

/** `10-244-0-5.default.pod.cluster.local` is that address, whether or not such a pod exists. */
function podRecord(rest: readonly string[]): Found {
  const [dashed, more] = rest
  if (more !== undefined) return 'absent'
  const dotted = dashed!.replaceAll('-', '.')
  const address = parseAddress(dotted) ? dotted : dashed!.replaceAll('-', ':')
  return parseAddress(address) ? { records: [addressRecord(address)] } : 'absent'
}
