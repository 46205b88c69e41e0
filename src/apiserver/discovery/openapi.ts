import { createHash } from 'node:crypto'
import { ListMeta } from '../../api/meta/v1/list-meta.ts'
import { statusError } from '../../machinery/status-error.ts'
import { type OpenApiVersion, openApiDefinitions, openApiListDefinition } from '../../schema/openapi.ts'
import { view } from '../../schema/view.ts'
import { encodeObject } from '../encode.ts'
import type { ResourceTable, Served } from '../registry/served.ts'
import type { Reply, ServerRequest } from '../request.ts'
import { pathsOf } from './openapi-paths.ts'
import { otherTypes } from './openapi-types.ts'
import { gitVersion } from './version.ts'

interface Made {
  readonly generation: number
  /** Documents of v3 by `api/v1`, `apis/apps/v1`. */
  readonly v3: Map<string, Buffer>
  v2?: Buffer
  v2Protobuf?: Buffer
}

const made = new WeakMap<ResourceTable, Made>()
const info = { title: 'Kubernetes', version: gitVersion }

const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** What kubectl asks for; as no valid media type, it is answered with the other. */
const protobufAlias = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

/** /openapi/v2 and /openapi/v3: made when first asked for, again when what is served has changed. */
export function openApi(
  table: ResourceTable,
): (request: Pick<ServerRequest, 'path' | 'headers'>) => Promise<Reply | undefined> {
  return async ({ path, headers }) => {
    const held = current(table)
    if (path === '/openapi/v2') return replyV2(table, held, headers.accept)
    if (path === '/openapi/v3') return encodeObject(200, { paths: index(table, held) })
    const name = path.slice('/openapi/v3/'.length)
    if (!path.startsWith('/openapi/v3/') || !groupVersions(table).has(name)) return undefined
    return {
      code: 200,
      contentType: 'application/json',
      headers: { 'cache-control': 'public, max-age=31536000, immutable' },
      body: documentV3(table, held, name),
    }
  }
}

async function replyV2(table: ResourceTable, held: Made, accept = '*/*'): Promise<Reply> {
  if (accept.includes(protobuf) || accept.includes(protobufAlias)) {
    const { openApiProtobuf } = await import('./openapi-protobuf.ts')
    held.v2Protobuf ??= openApiProtobuf(documentV2(table))
    return { code: 200, contentType: protobuf, body: held.v2Protobuf }
  }
  if (!/application\/json|\*\/\*|application\/\*/.test(accept)) {
    throw statusError('NotAcceptable', 'only the following media types are accepted: application/json')
  }
  held.v2 ??= Buffer.from(JSON.stringify(documentV2(table)))
  return { code: 200, contentType: 'application/json', body: held.v2 }
}

function current(table: ResourceTable): Made {
  const held = made.get(table)
  if (held?.generation === table.generation) return held
  const fresh: Made = { generation: table.generation, v3: new Map() }
  made.set(table, fresh)
  return fresh
}

function groupVersions(table: ResourceTable): Map<string, Served[]> {
  const found = new Map<string, Served[]>()
  for (const served of table.all()) {
    const { group, apiVersion } = served.resource
    const name = group === '' ? `api/${apiVersion}` : `apis/${apiVersion}`
    const list = found.get(name)
    if (list) list.push(served)
    else found.set(name, [served])
  }
  return found
}

function index(table: ResourceTable, held: Made) {
  const entries = [...groupVersions(table).keys()].sort().map(name => {
    const hash = createHash('sha256')
      .update(documentV3(table, held, name))
      .digest('hex')
      .toUpperCase()
    return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }]
  })
  return Object.fromEntries(entries)
}

function documentV3(table: ResourceTable, held: Made, name: string): Buffer {
  let document = held.v3.get(name)
  if (!document) {
    const served = groupVersions(table).get(name)!
    const schemas = definitions(served, 'v3')
    const paths = pathsOf(served, 'v3')
    document = Buffer.from(JSON.stringify({ openapi: '3.0.0', info, paths, components: { schemas } }))
    held.v3.set(name, document)
  }
  return document
}

function documentV2(table: ResourceTable) {
  const served = [...table.all()]
  return { swagger: '2.0', info, paths: pathsOf(served, 'v2'), definitions: definitions(served, 'v2') }
}

function definitions(served: readonly Served[], version: OpenApiVersion) {
  const types = [...served.map(one => one.view), ...otherTypes(served).map(view)]
  const found = new Map<string, unknown>(openApiDefinitions(types, version))
  for (const { resource } of served) {
    if (!resource.verbs.includes('list')) continue
    const [name, schema] = openApiListDefinition(resource, view(ListMeta), version)
    found.set(name, schema)
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}
