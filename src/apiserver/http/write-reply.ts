import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Reply } from '../request.ts'

/** Bodies from this size on are compressed for clients that ask for it; upstream's threshold. */
const compressFrom = 128 * 1024
const compress = promisify(gzip)

/** Sends a reply; resolves when all of it was handed to the connection. */
export async function writeReply(
  reply: Reply,
  incoming: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (response.destroyed) return
  const headers: Record<string, string | number | readonly string[]> = {
    'content-type': reply.contentType,
    'cache-control': 'no-cache, private',
    ...reply.headers,
  }
  // A body that was refused unread would be taken for the next request.
  if (!incoming.complete && incoming.method !== 'GET') headers.connection = 'close'
  if (reply.run) return stream(reply.run, reply.code, headers, response, signal)
  let body = reply.body ?? new Uint8Array(0)
  if (body.length > compressFrom && /\bgzip\b/.test(String(incoming.headers['accept-encoding'] ?? ''))) {
    body = await compress(body, { level: 1 })
    headers['content-encoding'] = 'gzip'
    headers.vary = 'Accept-Encoding'
  }
  headers['content-length'] = body.length
  response.writeHead(reply.code, headers as Record<string, string | number | string[]>)
  response.end(body)
}

async function stream(
  run: NonNullable<Reply['run']>,
  code: number,
  headers: object,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(code, headers as Record<string, string>)
  response.flushHeaders()
  const drained = async () => {
    await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  await run({ write: chunk => response.write(chunk), drained }, signal)
  response.end()
}
