import { isIP } from 'node:net'
import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Service } from '../../api/core/v1/service.ts'
import { type EndpointSlice, endpointSlices } from '../../api/discovery/v1/endpoint-slice.ts'
import { badRequest, statusError } from '../../machinery/status-error.ts'
import type { Lister } from '../lister.ts'
import type { Endpoint, KubeletClient } from './kubelet-client.ts'
import { parseProxyName } from './proxy-name.ts'

/** Where requests for an object go, and whether that is its kubelet, which knows the server by its certificate. */
export interface ProxyTarget extends Endpoint {
  readonly kubelet: boolean
}

const demandName = (text: string, what: string) => {
  const parsed = parseProxyName(text)
  if (!parsed) throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`)
  return parsed
}

/** Refuses addresses of the server's own machine and of no machine. */
function demandProxyable(host: string): void {
  const own = /^(127\.|0\.0\.0\.0$|169\.254\.|22[4-9]\.|23\d\.|::1?$|fe80:|ff)/i.test(host)
  if (own || isIP(host) === 0) throw badRequest(`address not allowed: ${host}`)
}

/** Of a node: its kubelet, or another port of its address. */
export async function nodeTarget(kubelets: KubeletClient, node: Node, text: string): Promise<ProxyTarget> {
  const { scheme, port } = demandName(text, 'node')
  const kubelet = await kubelets.endpoint(node.metadata.name)
  if (port === '' || port === String(kubelet.port)) return { ...kubelet, kubelet: true }
  demandProxyable(kubelet.host)
  return { scheme: scheme ?? 'http', host: kubelet.host, port: numberOf(port), kubelet: false }
}

/** Of a pod: the port that is named, or the first that a container has. */
export function podTarget(pod: Pod, text: string): ProxyTarget {
  const { scheme = 'http', port } = demandName(text, 'pod')
  const host = pod.status?.podIP ?? ''
  if (!host) throw badRequest(`pod ${pod.metadata.name} has no address`)
  demandProxyable(host)
  const declared = pod.spec.containers.flatMap(container => container.ports ?? [])
  const chosen = port === '' ? declared[0]?.containerPort : declared.find(one => one.name === port)?.containerPort
  return { scheme, host, port: chosen ?? (port === '' ? defaultPort(scheme) : numberOf(port)), kubelet: false }
}

const defaultPort = (scheme: string) => (scheme === 'https' ? 443 : 80)

function numberOf(port: string): number {
  const number = Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65536) return number
  throw badRequest(`invalid port ${JSON.stringify(port)}`)
}

const serviceName = (slice: EndpointSlice) => {
  const name = slice.metadata.labels?.['kubernetes.io/service-name']
  return name ? [`${slice.metadata.namespace}/${name}`] : []
}

/** Of a service: one of the endpoints that are ready, by lot. */
export async function serviceTarget(lister: Lister, service: Service, text: string): Promise<ProxyTarget> {
  const { scheme = 'http', port } = demandName(text, 'service')
  const { name, namespace } = service.metadata
  const ports = service.spec.ports ?? []
  const found =
    ports.find(one => one.name === port || String(one.port) === port) ??
    (port === '' && ports.length === 1 ? ports[0] : undefined)
  if (!found)
    throw statusError(
      'ServiceUnavailable',
      `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    )
  await lister.ready([endpointSlices])
  const slices = lister.having(endpointSlices, 'service-name', serviceName, `${namespace}/${name}`)
  const candidates = slices.flatMap(slice => {
    const target = slice.ports?.find(one => (one.name ?? '') === (found.name ?? ''))?.port
    if (!target) return []
    const ready = (slice.endpoints ?? []).filter(endpoint => endpoint.conditions?.ready !== false)
    return ready.flatMap(endpoint => endpoint.addresses.slice(0, 1).map(host => ({ host, port: target })))
  })
  const chosen = candidates[Math.floor(Math.random() * candidates.length)]
  if (!chosen) throw statusError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(name)}`)
  demandProxyable(chosen.host)
  return { scheme, ...chosen, kubelet: false }
}
