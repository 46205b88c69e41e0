/** Which addresses and ports stand behind a Service: shared by EndpointSlices and the older Endpoints. */
import { type Pod, pods } from '../api/core/v1/pod.ts'
import type { Service, ServicePort } from '../api/core/v1/service.ts'
import { services } from '../api/core/v1/service.ts'
import { labelSelectorOfMap, matchesLabels } from '../machinery/label-selector.ts'
import { isPodReady, isPodTerminal } from '../machinery/pods.ts'
import { type Index, indexOf, on, own, type Watch } from '../reconcile/controller.ts'

export const byNamespace = 'byNamespace'
export const endpointIndexes: readonly Index[] = [
  indexOf(pods, byNamespace, pod => [pod.metadata.namespace]),
  indexOf(services, byNamespace, service => [service.metadata.namespace]),
]

/** Services, and pods that they select. */
export const endpointWatches: readonly Watch[] = [
  own(services),
  on(pods, (pod, { informers }) =>
    informers
      .of(services)
      .byIndex(byNamespace, pod.metadata.namespace)
      .filter(service => selects(service, pod))
      .map(service => `${service.metadata.namespace}/${service.metadata.name}`),
  ),
]

/** A Service without a selector has endpoints that somebody else writes. */
export function hasSelector(service: Service): boolean {
  return service.spec.type !== 'ExternalName' && Object.keys(service.spec.selector ?? {}).length > 0
}

function selects(service: Service, pod: Pod): boolean {
  return hasSelector(service) && matchesLabels(labelSelectorOfMap(service.spec.selector), pod.metadata.labels)
}

export interface ResolvedPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

export interface ServiceEndpoint {
  readonly pod: Pod
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly ports: readonly ResolvedPort[]
}

/** The pods behind a Service that have an address, in an order that stays. */
export function endpointsOf(service: Service, candidates: readonly Pod[]): ServiceEndpoint[] {
  const always = service.spec.publishNotReadyAddresses ?? false
  return candidates
    .filter(pod => pod.status.podIP && !isPodTerminal(pod) && selects(service, pod))
    .sort((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1))
    .map(pod => {
      const terminating = Boolean(pod.metadata.deletionTimestamp)
      const serving = isPodReady(pod)
      const ports = (service.spec.ports ?? []).flatMap(port => resolve(port, pod) ?? [])
      return { pod, serving, terminating, ready: always || (serving && !terminating), ports }
    })
}

/** The pod's own number of a Service's port; undefined when the pod has no port of that name. */
function resolve(port: ServicePort, pod: Pod): ResolvedPort | undefined {
  const { targetPort, protocol, appProtocol } = port
  const number = typeof targetPort === 'string' ? namedPort(pod, targetPort, protocol) : (targetPort ?? port.port)
  if (!number) return undefined
  return { name: port.name ?? '', port: number, protocol, ...(appProtocol && { appProtocol }) }
}

function namedPort(pod: Pod, name: string, protocol: string): number | undefined {
  const sidecars = pod.spec.initContainers?.filter(container => container.restartPolicy === 'Always') ?? []
  return [...pod.spec.containers, ...sidecars]
    .flatMap(container => container.ports ?? [])
    .find(port => port.name === name && port.protocol === protocol)?.containerPort
}

/** The host name a pod has under the Service's domain. */
export function hostnameIn(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec
  return hostname && subdomain === service.metadata.name ? hostname : undefined
}
