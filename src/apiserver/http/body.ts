import type { IncomingMessage } from 'node:http'
import { statusError } from '../../machinery/status-error.ts'

/** Upstream's limit for the body of a request. */
const mostBytes = 3 * 1024 * 1024

/** The whole body; 413 as soon as it is known to be too long. */
export function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  if (Number(incoming.headers['content-length'] ?? 0) > mostBytes) return Promise.reject(tooLong())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > mostBytes) {
        incoming.pause()
        reject(tooLong())
      } else chunks.push(chunk)
    })
    incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.once('error', reject)
    incoming.once('close', () => {
      if (!incoming.complete) reject(new Error('the connection ended before the body did'))
    })
  })
}

function tooLong() {
  return statusError('RequestEntityTooLarge', `Request entity too large: limit is ${mostBytes}`)
}
