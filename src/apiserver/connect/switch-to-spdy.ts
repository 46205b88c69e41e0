import { request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { statusError } from '../../machinery/status-error.ts'
import { idleTimeout } from './tunnel.ts'

const mostOfRefusal = 64 << 10

/** Asks a kubelet to speak SPDY, and leaves the speaking to others: answers the bare connection. */
export function switchToSpdy(
  socket: Socket,
  host: string,
  path: string,
  protocol: string,
): Promise<{ readonly socket: Duplex; readonly first: Buffer }> {
  socket.setTimeout(idleTimeout, () => socket.destroy())
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      connection: 'Upgrade',
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': protocol,
      'content-length': '0',
    }
    const asking = httpRequest({ createConnection: () => socket, method: 'POST', path, headers })
    asking.on('upgrade', (_, upgraded, first) => resolve({ socket: upgraded, first }))
    asking.on('response', async answer => {
      let text = ''
      for await (const part of answer.on('error', () => undefined)) if (text.length < mostOfRefusal) text += part
      socket.destroy()
      const reason = answer.statusCode === 404 ? 'NotFound' : answer.statusCode === 400 ? 'BadRequest' : 'InternalError'
      reject(statusError(reason, text.trim(), undefined, answer.statusCode))
    })
    asking.on('error', reject)
    asking.end()
  })
}
