import type { AnyResource } from '../../schema/resource.ts'

/** A path below an object, as discovery tells of it. */
export interface Subresource {
  readonly name: string
  readonly kind: string
  readonly verbs: readonly string[]
  /** Where the kind is of another group than the resource. */
  readonly group?: string
  readonly version?: string
}

const part = ['get', 'patch', 'update']
const methods = ['create', 'delete', 'get', 'patch', 'update']

/** Those that are not simply a part of the object, by `plural/name`. */
const special: Readonly<Record<string, Omit<Subresource, 'name'>>> = {
  'pods/attach': { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  'pods/binding': { kind: 'Binding', verbs: ['create'] },
  'pods/eviction': { kind: 'Eviction', verbs: ['create'], group: 'policy', version: 'v1' },
  'pods/exec': { kind: 'PodExecOptions', verbs: ['create', 'get'] },
  'pods/log': { kind: 'Pod', verbs: ['get'] },
  'pods/portforward': { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
  'pods/proxy': { kind: 'PodProxyOptions', verbs: methods },
  'services/proxy': { kind: 'ServiceProxyOptions', verbs: methods },
  'nodes/proxy': { kind: 'NodeProxyOptions', verbs: methods },
  'serviceaccounts/token': { kind: 'TokenRequest', verbs: ['create'], group: 'authentication.k8s.io', version: 'v1' },
  'namespaces/finalize': { kind: 'Namespace', verbs: ['update'] },
}

/** All subresources of a resource, by name. */
export function subresourcesOf(resource: AnyResource): Subresource[] {
  const found: Subresource[] = []
  for (const name of resource.subresources) {
    const known = resource.group === '' ? special[`${resource.plural}/${name}`] : undefined
    found.push({ name, ...(known ?? { kind: resource.kind, verbs: part }) })
  }
  if (resource.status) found.push({ name: 'status', kind: resource.kind, verbs: part })
  if (resource.scale) found.push({ name: 'scale', kind: 'Scale', verbs: part, group: 'autoscaling', version: 'v1' })
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}
