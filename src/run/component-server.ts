/** The HTTPS server of kube-controller-manager and kube-scheduler: whether they are well, and what they count. */
import { hostname } from 'node:os'
import { type HealthCheck, health, text } from '../apiserver/health.ts'
import { type HttpServer, serveHttps } from '../apiserver/http/server.ts'
import type { Reply, ServerRequest } from '../apiserver/request.ts'
import { type Logger, logger } from '../base/log.ts'
import { versionInfo } from '../base/version-info.ts'
import type { Client } from '../client/client.ts'
import { issue } from '../pki/issue.ts'
import { generateKey, privateKeyPem } from '../pki/keys.ts'
import { alternativeNames } from '../pki/names.ts'
import { type CallerOptions, callers } from './callers.ts'
import { type CertificatePair, livePair } from './live-files.ts'

export interface ComponentServerOptions extends CallerOptions {
  readonly name: string
  readonly client: Client
  readonly bindAddress: string
  readonly port: number
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly checks: readonly HealthCheck[]
  /** Lines of the Prometheus text format. */
  readonly metrics: () => string
  /** Paths that anybody may read; `/x/*` means all below. */
  readonly openPaths: readonly string[]
}

export interface ComponentServer {
  readonly port: number
  stop(): Promise<void>
}

/** Starts it; the certificate is self-signed unless files are given. */
export async function componentServer(options: ComponentServerOptions): Promise<ComponentServer> {
  const { name, certFile, keyFile, bindAddress, port, minVersion } = options
  const log: Logger = logger(name)
  const files = certFile && keyFile ? await livePair(certFile, keyFile) : undefined
  const pair = files?.current ?? (await selfSigned(name, bindAddress))
  const caller = callers(options.client, options)
  const healthy = health([{ name: 'ping', check: () => undefined }, ...options.checks])
  const open = (path: string) =>
    options.openPaths.some(one => (one.endsWith('/*') ? path.startsWith(one.slice(0, -1)) : path === one))

  async function answer(request: ServerRequest): Promise<Reply> {
    const path = request.path
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'Method Not Allowed\n')
    if (!open(path)) {
      const refusal = await caller(request)
      if (refusal) return text(refusal.code, `${refusal.message}\n`)
    }
    if (path === '/metrics') return metricsReply(options.metrics())
    if (path === '/version') {
      return { code: 200, contentType: 'application/json', body: Buffer.from(JSON.stringify(versionInfo)) }
    }
    return (await healthy(request, { name: '', groups: [] })) ?? text(404, '404 page not found\n')
  }

  const tls = ({ cert, key }: CertificatePair) => ({ cert, key, minVersion })
  const server: HttpServer = await serveHttps({
    tls: tls(pair),
    port,
    bindAddress,
    handle: request =>
      answer(request).catch((error: Error) => {
        log.warn({ path: request.path, error: error.message }, 'a request was not answered')
        return text(500, 'Internal Server Error\n')
      }),
    upgrade: (_, __, socket) => socket.destroy(),
    log,
  })
  files?.on(renewed => server.renew(tls(renewed)))
  return {
    port: server.port,
    async stop() {
      files?.stop()
      await server.stop(1_000)
    },
  }
}

async function metricsReply(own: string): Promise<Reply> {
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const body = `${own}${await registry.metrics()}`
  return { code: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(body) }
}

/** Good for as long as the process may run; nobody verifies it. */
async function selfSigned(name: string, address: string): Promise<CertificatePair> {
  const { privateKey, publicKey } = await generateKey()
  const now = Date.now()
  const cert = issue(
    {
      subject: { commonName: `${name}@${hostname()}`, organizations: [] },
      publicKey,
      usages: ['digital signature', 'key encipherment', 'server auth'],
      names: alternativeNames([
        'localhost',
        '127.0.0.1',
        ...(address === '0.0.0.0' || address === '::' ? [] : [address]),
      ]),
      notBefore: now - 300_000,
      notAfter: now + 10 * 365 * 24 * 3_600_000,
    },
    { own: privateKey },
  )
  return { cert, key: privateKeyPem(privateKey) }
}
