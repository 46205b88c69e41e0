import type { AnyResource } from '../../schema/resource.ts'
import type { PathHandler } from '../core.ts'
import { encodeObject } from '../encode.ts'
import type { ResourceTable } from '../registry/served.ts'
import type { Reply } from '../request.ts'
import { aggregated, aggregatedVersion } from './aggregated.ts'
import { type DiscoveredVersion, groupsOf } from './groups.ts'
import { subresourcesOf } from './subresources.ts'

/** /api, /apis and below: what is served, in the old form and in the aggregated one. */
export function discovery(table: ResourceTable, serverAddress: () => string): PathHandler {
  let made:
    | { generation: number; groups: Map<string, DiscoveredVersion[]>; replies: Map<string, Reply | undefined> }
    | undefined
  return request => {
    const path = request.path.replace(/\/$/, '')
    if (path !== '/api' && path !== '/apis' && !path.startsWith('/api/') && !path.startsWith('/apis/')) return undefined
    if (made?.generation !== table.generation) {
      const groups = groupsOf([...table.all()].map(served => served.resource))
      made = { generation: table.generation, groups, replies: new Map() }
    }
    const wanted = aggregatedVersion(request.headers.accept)
    const whole = path === '/api' || path === '/apis'
    const key = whole && wanted ? `${path} ${wanted}` : path
    if (made.replies.has(key)) return made.replies.get(key)
    const reply = whole && wanted ? aggregated(path, wanted, made.groups) : plain(path, made.groups, serverAddress())
    if (made.replies.size < 1000) made.replies.set(key, reply)
    return reply
  }
}

function plain(path: string, groups: Map<string, DiscoveredVersion[]>, serverAddress: string): Reply | undefined {
  const addresses = [{ clientCIDR: '0.0.0.0/0', serverAddress }]
  const [, root, first, second, ...rest] = path.split('/')
  if (rest.length > 0) return undefined
  if (root === 'api') {
    if (!first)
      return encodeObject(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: addresses })
    const core = groups.get('')?.find(version => version.version === first)
    return core && !second ? encodeObject(200, resourceList(core)) : undefined
  }
  if (!first) {
    const named = [...groups].filter(([group]) => group !== '').map(([group, versions]) => apiGroup(group, versions))
    return encodeObject(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: named })
  }
  const versions = groups.get(first)
  if (!versions) return undefined
  if (!second) return encodeObject(200, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(first, versions) })
  const version = versions.find(one => one.version === second)
  return version && encodeObject(200, resourceList(version))
}

function apiGroup(name: string, versions: readonly DiscoveredVersion[]) {
  const all = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: all, preferredVersion: all[0] }
}

function resourceList({ group, version, resources }: DiscoveredVersion) {
  const list = [...resources].sort((a, b) => (a.plural < b.plural ? -1 : 1)).flatMap(apiResources)
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group ? `${group}/${version}` : version,
    resources: list,
  }
}

function apiResources(resource: AnyResource) {
  const { plural, singular, namespaced, kind, verbs, short, categories } = resource
  const own = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbs].sort(),
    ...(short.length > 0 && { shortNames: short }),
    ...(categories.length > 0 && { categories }),
  }
  const below = subresourcesOf(resource).map(({ name, kind, verbs, group, version }) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...(group !== undefined && { group, version }),
    kind,
    verbs,
  }))
  return [own, ...below]
}
