import type { PatchType } from '../client/transport.ts'
import { badRequest, statusError } from '../machinery/status-error.ts'
import type { View } from '../schema/view.ts'
import type { ServerRequest } from './request.ts'

/** How deep JSON may nest: no schema goes as far, and parsing deeper would threaten the stack. */
const mostDepth = 512

/** The request's body, parsed; undefined when there is none. */
export async function parseBody(
  request: ServerRequest,
  viewOf: (kind: string, apiVersion: string) => View | undefined,
  patchType?: PatchType,
): Promise<unknown> {
  const bytes = await request.body()
  if (bytes.length === 0) {
    if (request.method === 'DELETE') return undefined
    throw badRequest('the request has no body')
  }
  const type =
    patchType && patchType !== 'apply'
      ? 'application/json'
      : (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === protobuf) return fromProtobuf(bytes, viewOf)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  if (type === 'application/yaml' || type === 'application/apply-patch+yaml') {
    const { parse } = await import('yaml')
    return parsed('yaml', () => parse(text, { maxAliasCount: 100, schema: 'core', logLevel: 'error' }))
  }
  // As upstream: whatever is sent without a type, or as text, is taken for JSON.
  if (type !== '' && type !== 'application/json' && type !== 'text/plain') {
    const message = `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`
    throw statusError('UnsupportedMediaType', message)
  }
  if (tooDeep(bytes)) throw badRequest(`the body nests deeper than ${mostDepth} levels`)
  return parsed('json', () => JSON.parse(text))
}

/** Go clients that know a kind send it as protobuf, and take no refusal. */
const protobuf = 'application/vnd.kubernetes.protobuf'

async function fromProtobuf(
  bytes: Uint8Array,
  viewOf: (kind: string, apiVersion: string) => View | undefined,
): Promise<unknown> {
  const { decodeMessage, openEnvelope } = await import('./protobuf/decode.ts')
  const { kind, apiVersion, raw } = openEnvelope(bytes)
  const view = viewOf(kind, apiVersion)
  if (!view)
    throw badRequest(
      `no kind ${JSON.stringify(kind)} of ${apiVersion} can be sent as protobuf here: send application/json`,
    )
  return { kind, apiVersion, ...decodeMessage(view, raw) }
}

function parsed(format: string, parse: () => unknown): unknown {
  try {
    return parse()
  } catch (error) {
    throw badRequest(`couldn't get version/kind; ${format} parse error: ${(error as Error).message}`)
  }
}

/** Counts brackets outside of strings, before any parser has to. */
function tooDeep(bytes: Uint8Array): boolean {
  if (bytes.length < mostDepth) return false
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i]
    if (byte === 0x22) inString = !inString
    else if (inString) {
      if (byte === 0x5c) i += 1
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > mostDepth) return true
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1
  }
  return false
}
