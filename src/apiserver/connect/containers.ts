import type { Pod } from '../../api/core/v1/pod.ts'
import { badRequest } from '../../machinery/status-error.ts'

/** The container that a request is for: the one it names, or the only one there is. */
export function chooseContainer(pod: Pod, asked: string | undefined): string {
  const { name } = pod.metadata
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  if (asked) {
    if ([...containers, ...initContainers, ...ephemeralContainers].some(one => one.name === asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  const [only, ...more] = containers
  if (only && more.length === 0) return only.name
  if (!only) throw badRequest(`a container name must be specified for pod ${name}`)
  const list = (all: readonly { readonly name: string }[]) => `[${all.map(one => one.name).join(' ')}]`
  const inits = initContainers.length > 0 ? ` or one of the init containers: ${list(initContainers)}` : ''
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: ${list(containers)}${inits}`)
}

/** The node a pod is on; refuses when it is on none. */
export function hostOf(pod: Pod): string {
  if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  return pod.spec.nodeName
}

/** `/exec/namespace/pod/container` */
export function kubeletPath(action: string, pod: Pod, container?: string): string {
  const parts = [action, pod.metadata.namespace, pod.metadata.name, ...(container === undefined ? [] : [container])]
  return `/${parts.map(part => encodeURIComponent(part ?? '')).join('/')}`
}

/** Whether a query parameter says yes. */
export const flag = (query: URLSearchParams, name: string) =>
  ['true', '1', 'TRUE', 'True', 't'].includes(query.get(name) ?? '')
