/** The kubelet's own HTTPS server: logs, streams and numbers of the pods here, for the API server and monitoring. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { logger } from '../../base/log.ts'
import type { Cgroups } from '../../host/cgroups.ts'
import type { Cri } from '../cri/cri.ts'
import { CriError } from '../cri/cri-error.ts'
import type { Machine } from '../node/machine.ts'
import type { PodSet } from '../pod/pod-set.ts'
import type { PodPaths } from '../pod-paths.ts'
import type { Access } from './access.ts'
import { admitCaller } from './callers.ts'
import { HttpError } from './http-error.ts'
import { type Matched, matchRoute } from './routes.ts'

export interface ServerOptions {
  readonly tls: { readonly cert: string; readonly key: string }
  /** Who signs callers' certificates. */
  readonly apiClientCa?: string | undefined
  readonly port: number
  readonly bindAddress?: string
  readonly access: Access
  readonly metrics?: () => string
  readonly nodeName: string
  readonly cri: Cri
  readonly cgroups: Cgroups
  readonly cgroupRoot: string
  readonly rootDir: string
  readonly machine: Machine
  readonly paths: PodPaths
  readonly set: PodSet
}

export interface KubeletServer {
  readonly port: number
  renewCertificates(tls: { readonly cert?: string; readonly key?: string; readonly apiClientCa?: string }): void
  stop(): Promise<void>
}

/** What is asked, once it is clear that it may be. */
export interface Asked {
  readonly request: IncomingMessage
  readonly query: URLSearchParams
  readonly matched: Matched
}

const log = logger('kubelet')

export async function startKubeletServer(options: ServerOptions): Promise<KubeletServer> {
  const { port, bindAddress, access } = options
  let { cert, key } = options.tls
  let { apiClientCa } = options
  // Without an authority nobody is known by certificate: Node's own list of authorities must not count.
  const secure = () => ({ cert, key, ca: apiClientCa || [], minVersion: 'TLSv1.2' as const })
  const server = createServer({ ...secure(), requestCert: true, rejectUnauthorized: false })
  const upgraded = new Set<Duplex>()

  async function asked(request: IncomingMessage): Promise<Asked> {
    const url = new URL(request.url ?? '/', 'https://kubelet')
    const matched = matchRoute(url.pathname)
    if (!matched) throw new HttpError(404, '404 page not found')
    await admitCaller(request, matched.route, access)
    return { request, query: url.searchParams, matched }
  }

  server.on('request', async (request, response) => {
    try {
      const { answer } = await import('./answer.ts')
      await answer(options, await asked(request), response)
    } catch (error) {
      refuse(response, error)
    }
  })
  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    try {
      const { tunnel } = await import('./streams.ts')
      await tunnel(options, await asked(request), socket, head)
    } catch (error) {
      const { code, message } = asHttp(error)
      const body = `${message}\n`
      socket.end(
        `HTTP/1.1 ${code} ${code === 401 ? 'Unauthorized' : 'Error'}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      )
    }
  })
  // Scanners and half-open connections are no news.
  server.on('tlsClientError', () => {})
  server.listen(port, bindAddress)
  await once(server, 'listening').catch(cause => {
    throw new Error(`the kubelet cannot listen on port ${port}: ${(cause as Error).message}`, { cause })
  })
  return {
    port: (server.address() as AddressInfo).port,
    renewCertificates(renewed) {
      cert = renewed.cert ?? cert
      key = renewed.key ?? key
      apiClientCa = renewed.apiClientCa ?? apiClientCa
      server.setSecureContext(secure())
    },
    async stop() {
      for (const socket of upgraded) socket.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function asHttp(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof CriError) return new HttpError(error.code === 'NOT_FOUND' ? 404 : 500, error.details)
  log.warn({ error: String(error) }, 'a request to the kubelet failed')
  return new HttpError(500, error instanceof Error ? error.message : String(error))
}

function refuse(response: ServerResponse, error: unknown): void {
  const { code, message } = asHttp(error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}
