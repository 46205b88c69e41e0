import { horizontalPodAutoscalers as autoscalersV1 } from '../api/autoscaling/v1/horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscalers as autoscalers } from '../api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { events } from '../api/core/v1/event.ts'
import { events as eventsV1 } from '../api/events/v1/event.ts'
import { resources } from '../api/resources.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Logger, logger } from '../base/log.ts'
import type { Storage } from '../storage/storage.ts'
import type { Admission } from './admission.ts'
import type { Authenticator } from './authenticator.ts'
import type { Authorizer } from './authorizer.ts'
import { Feed } from './cache/feed.ts'
import { discovery } from './discovery/discovery.ts'
import { versionInfo } from './discovery/version.ts'
import { type Core, handle } from './handle.ts'
import { health } from './health.ts'
import type { HttpServer, TlsOptions } from './http/server.ts'
import type { Registry, WriteHook } from './registry/api-request.ts'
import { ResourceTable } from './registry/served.ts'

export interface ApiServerOptions {
  readonly storage: Storage
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly admission?: Admission
  /** Null: no listener; only callers in this process. */
  readonly tls: TlsOptions | null
  readonly bindAddress?: string
  /** 0: a free one. */
  readonly port?: number
  readonly advertiseAddress?: string
  readonly serviceCIDR?: string
  readonly clock?: Clock
  readonly log?: Logger
}

export interface ApiServer {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

const admitAll: Admission = { mutate: () => undefined, validate: () => undefined }

/** Starts an API server on a store; resolves when it answers. The store stays the caller's. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const log = options.log ?? logger('apiserver')
  const feed = new Feed(options.storage, log)
  await feed.start()
  const table = new ResourceTable(feed)
  for (const resource of resources) {
    if (resource !== eventsV1 && resource !== autoscalersV1) table.add(resource, {})
  }
  void events
  void autoscalers
  const registry: Registry = {
    table,
    admission: options.admission ?? admitAll,
    clock: options.clock ?? systemClock,
    hooks: new Map<string, WriteHook>(),
  }
  let url = ''
  const core: Core = {
    registry,
    authenticator: options.authenticator,
    authorizer: options.authorizer,
    paths: [
      health([{ name: 'ping', check: () => undefined }]),
      versionInfo,
      discovery(table, () => url.replace('https://', '')),
    ],
    log,
  }
  let http: HttpServer | undefined
  if (options.tls) {
    const { serveHttps } = await import('./http/server.ts')
    http = await serveHttps({
      tls: options.tls,
      port: options.port ?? 6443,
      bindAddress: options.bindAddress ?? '0.0.0.0',
      handle: request => handle(core, request),
      upgrade: (_request, _incoming, socket) => socket.destroy(),
      log,
    })
    url = `https://${options.advertiseAddress ?? '127.0.0.1'}:${http.port}`
  }
  return {
    url,
    port: http?.port ?? 0,
    async stop() {
      await http?.stop(10_000)
      feed.stop()
    },
  }
}
