/** Values a pod can read about itself (downward API). */
import { quantityMilli, quantityNumber, quantityValue } from '../../machinery/quantity.ts'
import type { Pod } from '../pod/types.ts'
import { findContainer } from '../pod/types.ts'

export interface NodeFacts {
  readonly nodeName: string
  readonly hostIps: readonly string[]
  /** What a container may use when it has no limit. */
  readonly allocatable: Readonly<Record<string, string>>
}

/** The value of a field path; throws with upstream's words when there is no such field. */
export function fieldValue(
  pod: Pod,
  fieldPath: string,
  facts: { readonly node: NodeFacts; readonly podIps: readonly string[] },
): string {
  const subscript = /^(metadata\.(?:labels|annotations))\['(.+)'\]$/.exec(fieldPath)
  if (subscript) {
    const from = subscript[1] === 'metadata.labels' ? pod.metadata.labels : pod.metadata.annotations
    return from?.[subscript[2]!] ?? ''
  }
  const fields: Readonly<Record<string, () => string>> = {
    'metadata.name': () => pod.metadata.name,
    'metadata.namespace': () => pod.metadata.namespace,
    'metadata.uid': () => pod.metadata.uid,
    'metadata.labels': () => mapText(pod.metadata.labels),
    'metadata.annotations': () => mapText(pod.metadata.annotations),
    'spec.nodeName': () => pod.spec.nodeName ?? facts.node.nodeName,
    'spec.serviceAccountName': () => pod.spec.serviceAccountName ?? '',
    'status.hostIP': () => facts.node.hostIps[0] ?? '',
    'status.hostIPs': () => facts.node.hostIps.join(','),
    'status.podIP': () => facts.podIps[0] ?? '',
    'status.podIPs': () => facts.podIps.join(','),
  }
  const field = fields[fieldPath]
  if (!field) throw new Error(`unsupported fieldPath: ${fieldPath}`)
  return field()
}

/** `key="value"` lines, sorted, with the quoting of Go strings. */
function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, text]) => `${key}=${JSON.stringify(text)}`)
    .join('\n')
}

/** A container's request or limit, divided and rounded up as the divisor asks. */
export function resourceValue(
  pod: Pod,
  ref: {
    readonly containerName?: string | undefined
    readonly resource: string
    readonly divisor?: string | undefined
  },
  facts: { readonly node: NodeFacts; readonly containerName?: string },
): string {
  const name = ref.containerName ?? facts.containerName ?? ''
  const found = findContainer(pod, name)
  if (!found) throw new Error(`container ${name} not found`)
  const [which, ...rest] = ref.resource.split('.') as ['limits' | 'requests', ...string[]]
  const resource = rest.join('.')
  const { limits, requests } = found.container.resources
  // Without a limit, what the node can give is the limit.
  const given = which === 'limits' ? (limits?.[resource] ?? facts.node.allocatable[resource]) : requests?.[resource]
  return divided(resource, given ?? '0', ref.divisor)
}

function divided(resource: string, amount: string, divisorText: string | undefined): string {
  const divisor = !divisorText || quantityNumber(divisorText) === 0 ? '1' : divisorText
  if (resource === 'cpu') return String(Math.ceil(quantityMilli(amount) / quantityMilli(divisor)))
  return String(Math.ceil(quantityValue(amount) / quantityValue(divisor)))
}
