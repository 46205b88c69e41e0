import type { AnyResource } from '../../schema/resource.ts'
import type { Reply } from '../request.ts'
import type { DiscoveredVersion } from './groups.ts'
import { subresourcesOf } from './subresources.ts'

type AggregatedVersion = 'v2' | 'v2beta1'

/** The version of aggregated discovery that a client would rather have than the old form. */
export function aggregatedVersion(accept: string | undefined): AggregatedVersion | undefined {
  for (const range of accept?.split(',') ?? []) {
    const params = range.replaceAll(' ', '').split(';')
    if (params[0] !== 'application/json' && params[0] !== '*/*') continue
    if (!params.includes('as=APIGroupDiscoveryList')) {
      if (params[0] === 'application/json') return undefined
      continue
    }
    if (!params.includes('g=apidiscovery.k8s.io')) continue
    if (params.includes('v=v2')) return 'v2'
    if (params.includes('v=v2beta1')) return 'v2beta1'
  }
  return undefined
}

/** Everything below /api or /apis at once. */
export function aggregated(
  path: string,
  version: AggregatedVersion,
  groups: ReadonlyMap<string, readonly DiscoveredVersion[]>,
): Reply {
  const items = [...groups]
    .filter(([group]) => (path === '/api') === (group === ''))
    .map(([group, versions]) => ({
      metadata: { ...(group && { name: group }), creationTimestamp: null },
      versions: versions.map(ofVersion),
    }))
  const list = { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items }
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
  return { code: 200, contentType, headers: { vary: 'Accept' }, body: Buffer.from(JSON.stringify(list)) }
}

function ofVersion({ version, resources }: DiscoveredVersion) {
  const sorted = [...resources].sort((a, b) => (a.plural < b.plural ? -1 : 1))
  return { version, freshness: 'Current', resources: sorted.map(ofResource) }
}

function ofResource(resource: AnyResource) {
  const { group, version, kind, plural, singular, namespaced, short, categories, verbs } = resource
  const below = subresourcesOf(resource).map(sub => ({
    subresource: sub.name,
    responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
    verbs: sub.verbs,
  }))
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: [...verbs].sort(),
    ...(short.length > 0 && { shortNames: short }),
    ...(categories.length > 0 && { categories }),
    ...(below.length > 0 && { subresources: below }),
  }
}
