/** The HTTP/1.1 upgrade to SPDY, as remotecommand and port-forward do it, from the client's side. */
import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { SpdyConnection, type SpdyOptions } from './connection.ts'

export interface UpgradeOptions extends Partial<SpdyOptions> {
  readonly host: string
  readonly path: string
  /** Offered in X-Stream-Protocol-Version, best first. */
  readonly protocols: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** The server's answer when it was not 101. */
export class UpgradeError extends Error {
  readonly status: number
  readonly body: string

  constructor(status: number, body: string) {
    super(`the server refused to upgrade to SPDY: ${status} ${body}`)
    this.name = 'UpgradeError'
    this.status = status
    this.body = body
  }
}

const mostOfAnswer = 64 << 10

/** Upgrades a connected (or connecting) socket; `protocol` is the one the server chose. Destroys the socket when refused. */
export function spdyUpgrade(
  socket: Duplex,
  options: UpgradeOptions,
): Promise<{ readonly connection: SpdyConnection; readonly protocol: string }> {
  const { host, path, protocols, headers, ...spdy } = options
  return new Promise((resolve, reject) => {
    const asking = request({
      createConnection: () => socket,
      method: 'POST',
      path,
      headers: {
        ...headers,
        host,
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'content-length': '0',
        'x-stream-protocol-version': [...protocols],
      },
    })
    asking.on('upgrade', (answer, upgraded, head) => {
      const protocol = String(answer.headers['x-stream-protocol-version'] ?? '')
      resolve({ connection: new SpdyConnection(upgraded, { server: false, head, ...spdy }), protocol })
    })
    asking.on('response', async answer => {
      let body = ''
      for await (const bytes of answer.on('error', () => {})) if (body.length < mostOfAnswer) body += bytes
      socket.destroy()
      reject(new UpgradeError(answer.statusCode ?? 0, body.trim()))
    })
    asking.on('error', reject)
    asking.end()
  })
}
