/** A small HTTP server for health and numbers: fixed paths, plain text, GET only. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PlainAnswer {
  /** Default 200. */
  readonly code?: number
  readonly body: string
  /** Default plain text. */
  readonly type?: string
}

export interface PlainHttpOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly routes: Readonly<Record<string, () => PlainAnswer>>
}

/** Resolves when it listens; rejects, naming the address, when it cannot. */
export async function startPlainHttp(
  options: PlainHttpOptions,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { host, port, routes } = options
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').replace(/\?.*$/s, '')
    const answer = Object.hasOwn(routes, path) ? routes[path]!() : { code: 404, body: '404 page not found\n' }
    const { code = 200, body, type = 'text/plain; charset=utf-8' } = answer
    response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body)
  })
  server.requestTimeout = 10_000
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Error(`cannot listen on ${host}:${port}: ${(error as Error).message}`, { cause: error })
  }
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** `host:port`, `[v6]:port` or `:port`; undefined when it is none of them. */
export function parseListenAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65535) return undefined
  return { host: v6 ?? (name || '0.0.0.0'), port: Number(port) }
}
