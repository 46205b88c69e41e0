import type { AnyResource } from '../../schema/resource.ts'

/** One version of one group, and what it serves. */
export interface DiscoveredVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly AnyResource[]
}

/** Groups in upstream's order of importance: clients that look for a short name take the first. */
const order = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** Versions by group, both with the preferred first. */
export function groupsOf(resources: Iterable<AnyResource>): Map<string, DiscoveredVersion[]> {
  const found = new Map<string, Map<string, AnyResource[]>>()
  for (const resource of resources) {
    const versions = found.get(resource.group) ?? new Map<string, AnyResource[]>()
    found.set(resource.group, versions)
    const list = versions.get(resource.version)
    if (list) list.push(resource)
    else versions.set(resource.version, [resource])
  }
  const rank = (group: string) => (order.includes(group) ? order.indexOf(group) : order.length)
  const groups = [...found].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return new Map(
    groups.map(([group, versions]) => [
      group,
      [...versions]
        .map(([version, list]) => ({ group, version, resources: list }))
        .sort((a, b) => byPriority(a.version, b.version)),
    ]),
  )
}

/** v2 before v1 before v1beta2 before v1alpha1, and what is no such name last. */
export function byPriority(a: string, b: string): number {
  const left = parts(a)
  const right = parts(b)
  for (const [i, value] of left.entries()) if (value !== right[i]) return right[i]! - value
  return a < b ? -1 : a > b ? 1 : 0
}

function parts(version: string): number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!match) return [-1, 0, 0]
  const stage = match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2
  return [stage, Number(match[1]), Number(match[3] ?? 0)]
}
