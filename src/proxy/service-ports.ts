/** From Services and EndpointSlices to what the rules need: for each port of each Service, who answers. */
import type { Service } from '../api/core/v1/service.ts'
import type { EndpointSlice } from '../api/discovery/v1/endpoint-slice.ts'
import { parseAddress } from '../base/cidr.ts'

export interface Backend {
  readonly ip: string
  readonly port: number
}

export interface ServicePort {
  /** `namespace/name:port`, for names of chains and for people. */
  readonly id: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
  readonly clusterIps: readonly string[]
  /** External and load balancer addresses. */
  readonly externalIps: readonly string[]
  /** Those of them that are a load balancer's. */
  readonly loadBalancerIps: readonly string[]
  readonly nodePort: number | undefined
  /** Seconds a client stays with its backend; undefined: no affinity. */
  readonly affinity: number | undefined
  /** Who answers inside the cluster. */
  readonly backends: readonly Backend[]
  /** Who answers for external traffic; differs with externalTrafficPolicy Local. */
  readonly externalBackends: readonly Backend[]
  /** Only pods of this node answer, so the client's address can be kept. */
  readonly externalLocal: boolean
  /** Some node has a backend, though this one may have none: then packets are dropped, not refused. */
  readonly anywhere: boolean
  /** Networks that a load balancer lets in; empty: all. */
  readonly sourceRanges: readonly string[]
}

export interface Inputs {
  readonly services: Iterable<Service>
  readonly slicesOf: (service: Service) => readonly EndpointSlice[]
  readonly nodeName: string
  readonly family: 4 | 6
}

const isFamily = (family: 4 | 6) => (ip: string) => parseAddress(ip)?.family === family

/** All ports of all Services that have an address of this family. */
export function servicePorts({ services, slicesOf, nodeName, family }: Inputs): ServicePort[] {
  const ports: ServicePort[] = []
  for (const service of services) {
    const { spec, metadata, status } = service
    if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') continue
    const clusterIps = (spec.clusterIPs ?? [spec.clusterIP]).filter(isFamily(family))
    if (clusterIps.length === 0) continue
    const balanced = (status.loadBalancer?.ingress ?? [])
      .filter(ingress => ingress.ip && (ingress.ipMode ?? 'VIP') === 'VIP')
      .map(ingress => ingress.ip!)
    const externalIps = [...new Set([...(spec.externalIPs ?? []), ...balanced])].filter(isFamily(family))
    const slices = slicesOf(service).filter(slice => slice.addressType === (family === 4 ? 'IPv4' : 'IPv6'))
    for (const port of spec.ports ?? []) {
      const all = endpointsOf(slices, port.name ?? '', port.protocol)
      const internal = spec.internalTrafficPolicy === 'Local' ? all.filter(e => e.nodeName === nodeName) : all
      const externalLocal = spec.externalTrafficPolicy === 'Local'
      const external = externalLocal ? all.filter(e => e.nodeName === nodeName) : all
      ports.push({
        id: `${metadata.namespace}/${metadata.name}${port.name ? `:${port.name}` : ''}`,
        protocol: port.protocol.toLowerCase() as ServicePort['protocol'],
        port: port.port,
        clusterIps,
        externalIps,
        loadBalancerIps: balanced.filter(isFamily(family)),
        nodePort: port.nodePort || undefined,
        affinity:
          spec.sessionAffinity === 'ClientIP'
            ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)
            : undefined,
        backends: usable(internal),
        externalBackends: usable(external),
        externalLocal,
        anywhere: usable(all).length > 0,
        sourceRanges: (spec.loadBalancerSourceRanges ?? []).map(range => range.trim()),
      })
    }
  }
  return ports
}

interface Candidate extends Backend {
  readonly nodeName: string | undefined
  readonly ready: boolean
  readonly servingTerminating: boolean
}

function endpointsOf(slices: readonly EndpointSlice[], name: string, protocol: string): Candidate[] {
  const found = new Map<string, Candidate>()
  for (const slice of slices) {
    const port = slice.ports?.find(p => (p.name ?? '') === name && (p.protocol ?? 'TCP') === protocol)?.port
    if (!port) continue
    for (const { addresses, conditions, nodeName } of slice.endpoints ?? []) {
      const [ip] = addresses
      if (!ip) continue
      const { ready = true, serving = ready, terminating = false } = conditions ?? {}
      found.set(`${ip}:${port}`, { ip, port, nodeName, ready, servingTerminating: serving && terminating })
    }
  }
  return [...found.values()]
}

/** Ready ones; when there is none, those that still serve while they end (KEP-1669). */
function usable(all: readonly Candidate[]): Backend[] {
  const ready = all.filter(candidate => candidate.ready)
  const chosen = ready.length ? ready : all.filter(candidate => candidate.servingTerminating)
  return chosen
    .map(({ ip, port }) => ({ ip, port }))
    .sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : a.port - b.port))
}
