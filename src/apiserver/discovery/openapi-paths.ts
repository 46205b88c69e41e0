import { patchTypes } from '../../client/transport.ts'
import type { OpenApiVersion } from '../../schema/openapi.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { Served } from '../registry/served.ts'
import { subresourcesOf } from './subresources.ts'

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

const actions: Readonly<Record<string, string>> = {
  create: 'post',
  update: 'put',
  patch: 'patch',
  get: 'get',
  list: 'get',
  delete: 'delete',
  deletecollection: 'delete',
}
const writing = new Set(['post', 'put', 'patch'])

/** The paths of resources with what clients look for in them: methods, kinds, and which parameters are known. */
export function pathsOf(served: readonly Served[], version: OpenApiVersion): Record<string, unknown> {
  const paths: Record<string, unknown> = {}
  for (const { resource } of served) {
    const kind = { group: resource.group, version: resource.version, kind: resource.kind }
    const root = resource.group === '' ? `/api/${resource.apiVersion}` : `/apis/${resource.apiVersion}`
    const base = resource.namespaced
      ? `${root}/namespaces/{namespace}/${resource.plural}`
      : `${root}/${resource.plural}`
    const place = resource.namespaced ? ['namespace'] : []
    const all = (wanted: readonly string[]) => wanted.filter(verb => resource.verbs.includes(verb as never))
    paths[base] = item(all(['list', 'create', 'deletecollection']), kind, place, resource, version)
    if (resource.namespaced && resource.verbs.includes('list')) {
      paths[`${root}/${resource.plural}`] = item(['list'], kind, [], resource, version)
    }
    const single = all(['get', 'update', 'patch', 'delete'])
    if (single.length > 0) paths[`${base}/{name}`] = item(single, kind, [...place, 'name'], resource, version)
    for (const sub of subresourcesOf(resource)) {
      const own = { group: sub.group ?? kind.group, version: sub.version ?? kind.version, kind: sub.kind }
      const verbs = sub.verbs.filter(verb => verb !== 'delete')
      paths[`${base}/{name}/${sub.name}`] = item(verbs, own, [...place, 'name'], resource, version)
    }
  }
  return paths
}

function item(
  verbs: readonly string[],
  kind: Kind,
  place: readonly string[],
  resource: AnyResource,
  version: OpenApiVersion,
) {
  const parameters = place.map(name => ({ name, in: 'path', required: true, ...typed('string', version) }))
  const methods = verbs.map(verb => [actions[verb], operation(verb, kind, resource, version)])
  return { ...(parameters.length > 0 && { parameters }), ...Object.fromEntries(methods) }
}

const typed = (type: string, version: OpenApiVersion) => (version === 'v3' ? { schema: { type } } : { type })

function operation(verb: string, kind: Kind, resource: AnyResource, version: OpenApiVersion) {
  const method = actions[verb]!
  const query = (names: readonly string[]) => names.map(name => ({ name, in: 'query', ...typed('string', version) }))
  const body = method === 'patch' ? Object.values(patchTypes) : ['application/json', 'application/yaml']
  const schema =
    kind.kind === resource.kind
      ? { $ref: `${version === 'v3' ? '#/components/schemas/' : '#/definitions/'}${resource.type.definition}` }
      : { type: 'object' }
  const described = method === 'patch' ? { type: 'object' } : schema
  return {
    operationId: `${verb}-${resource.apiVersion}-${resource.plural}-${kind.kind}`,
    'x-kubernetes-action': verb === 'create' ? 'post' : verb === 'update' ? 'put' : verb,
    'x-kubernetes-group-version-kind': kind,
    ...(writing.has(method) && {
      parameters: [
        ...query(['dryRun', 'fieldManager', 'fieldValidation', ...(method === 'patch' ? ['force'] : [])]),
        ...(version === 'v2' ? [{ name: 'body', in: 'body', required: true, schema: described }] : []),
      ],
    }),
    ...(writing.has(method) && version === 'v2' && { consumes: body }),
    ...(writing.has(method) &&
      version === 'v3' && {
        requestBody: { required: true, content: Object.fromEntries(body.map(type => [type, { schema: described }])) },
      }),
    responses: {
      200:
        version === 'v3'
          ? { description: 'OK', content: { 'application/json': { schema } } }
          : { description: 'OK', schema },
    },
  }
}
