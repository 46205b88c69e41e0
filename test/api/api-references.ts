/** What the specification's paths, and the models of the JavaScript client, say about the API. */

export interface ApiPath {
  readonly 'x-kubernetes-action'?: string
}

export interface Surface {
  namespaced: boolean
  verbs: string[]
  subresources: string[]
}

const resourcePath =
  /^\/(?:api|apis\/[^/]+)\/(?<version>[^/]+)\/(?<ns>namespaces\/\{namespace\}\/)?(?<plural>[^/{]+)(?<item>\/\{name\})?(?:\/(?<sub>[^/]+))?$/

const verbOfAction: Readonly<Record<string, string>> = {
  post: 'create',
  put: 'update',
  patch: 'patch',
  get: 'get',
  list: 'list',
  delete: 'delete',
  deletecollection: 'deletecollection',
}

/** By `group/version/plural`, for the versions that are generally available. */
export function checkedKinds(paths: Readonly<Record<string, Readonly<Record<string, ApiPath>>>>): Map<string, Surface> {
  const found = new Map<string, Surface>()
  for (const [path, operations] of Object.entries(paths)) {
    const match = resourcePath.exec(path)?.groups
    // /watch/ paths are an older way to ask for the same.
    if (!match || match.plural === 'watch' || /alpha|beta/.test(match.version!)) continue
    const groupVersion = path.split('/').slice(2, path.startsWith('/apis/') ? 4 : 3)
    const key = `${groupVersion.join('/')}/${match.plural}`
    const surface = found.get(key) ?? { namespaced: false, verbs: [], subresources: [] }
    found.set(key, surface)
    if (match.ns) surface.namespaced = true
    if (match.sub) {
      if (!surface.subresources.includes(match.sub)) surface.subresources.push(match.sub)
    } else for (const operation of Object.values(operations)) addVerb(surface, operation['x-kubernetes-action'])
  }
  for (const surface of found.values()) {
    // What can be listed can be watched, by a parameter.
    if (surface.verbs.includes('list')) surface.verbs.push('watch')
    surface.verbs.sort()
    surface.subresources.sort()
  }
  return found
}

function addVerb(surface: Surface, action: string | undefined) {
  const verb = action === undefined ? undefined : verbOfAction[action]
  if (verb && !surface.verbs.includes(verb)) surface.verbs.push(verb)
}

const packages: Readonly<Record<string, string>> = {
  Core: 'io.k8s.api.core',
  Admissionregistration: 'io.k8s.api.admissionregistration',
  Apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  Apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  Authentication: 'io.k8s.api.authentication',
  Discovery: 'io.k8s.api.discovery',
  Events: 'io.k8s.api.events',
  Flowcontrol: 'io.k8s.api.flowcontrol',
  Rbac: 'io.k8s.api.rbac',
  Resource: 'io.k8s.api.resource',
  Storage: 'io.k8s.api.storage',
}
const unqualified = [
  'admissionregistration',
  'apps',
  'authentication',
  'authorization',
  'autoscaling',
  'batch',
  'certificates',
  'coordination',
  'core',
  'discovery',
  'flowcontrol',
  'networking',
  'node',
  'policy',
  'rbac',
  'resource',
  'scheduling',
  'storage',
].map(group => `io.k8s.api.${group}`)
const more = [
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  'io.k8s.apimachinery.pkg.apis.meta',
]

interface Model {
  readonly attributeTypeMap?: readonly { readonly baseName: string }[]
}

/** Field names by definition name; a model whose group cannot be told is listed under every group it may be of. */
export async function clientModels(): Promise<Map<string, readonly string[]>> {
  const client = (await import('@kubernetes/client-node')) as unknown as Record<string, Model>
  const models = new Map<string, readonly string[]>()
  const unsure: [string[], readonly string[]][] = []
  for (const [name, model] of Object.entries(client)) {
    const fields = model?.attributeTypeMap?.map(attribute => attribute.baseName)
    const match = /^(?<group>[A-Z][a-z]+)?(?<version>V[12])(?<kind>[A-Z]\w*)$/.exec(name)?.groups
    if (!fields || !match || /^(Alpha|Beta)\d/i.test(match.kind!)) continue
    const version = match.version!.toLowerCase()
    const group = match.group === undefined ? undefined : packages[match.group]
    if (group) models.set(`${group}.${version}.${match.kind}`, fields)
    else if (!match.group)
      unsure.push([[...unqualified, ...more].map(pkg => `${pkg}.${version}.${match.kind}`), fields])
  }
  for (const [names, fields] of unsure) for (const name of names) if (!models.has(name)) models.set(name, fields)
  return models
}
