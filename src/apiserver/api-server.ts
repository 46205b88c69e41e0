import { horizontalPodAutoscalers as autoscalersV1 } from '../api/autoscaling/v1/horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscalers as autoscalers } from '../api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { events } from '../api/core/v1/event.ts'
import { services } from '../api/core/v1/service.ts'
import { events as eventsV1 } from '../api/events/v1/event.ts'
import { resources } from '../api/resources.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Logger, logger } from '../base/log.ts'
import { type Client, createClient } from '../client/client.ts'
import type { Transport } from '../client/transport.ts'
import type { TokenIssuer } from '../pki/jwt.ts'
import type { AnyResource } from '../schema/resource.ts'
import type { Storage } from '../storage/storage.ts'
import type { SharedStore } from './admission/shared-reservations.ts'
import type { Admission } from './admission.ts'
import type { Authenticator } from './authenticator.ts'
import type { Authorizer } from './authorizer.ts'
import { bootstrapObjects, itself } from './bootstrap-objects.ts'
import { Feed } from './cache/feed.ts'
import type { ConnectHandlers } from './connect.ts'
import type { Conversion } from './conversion/conversion.ts'
import { eventConversion } from './conversion/event.ts'
import { autoscalerConversion } from './conversion/horizontal-pod-autoscaler.ts'
import type { Core, PathHandler } from './core.ts'
import { discovery } from './discovery/discovery.ts'
import { versionInfo } from './discovery/version.ts'
import { handle } from './handle.ts'
import { type HealthCheck, health } from './health.ts'
import type { HttpServer, TlsOptions } from './http/server.ts'
import type { KubernetesEndpoints } from './kubernetes-endpoints.ts'
import { cacheLister, type Lister } from './lister.ts'
import { localTransport } from './local-transport.ts'
import { instrumented, metrics } from './metrics.ts'
import type { Registry, WriteHook } from './registry/api-request.ts'
import { ResourceTable } from './registry/served.ts'
import { ServiceAddresses } from './service/service-addresses.ts'
import type { SharedRanges } from './service/shared-ranges.ts'
import { strategyOf } from './strategies/strategies.ts'
import { upgrade } from './streaming.ts'
import type { User } from './user.ts'
import { whileStoreFails } from './while-store-fails.ts'

export interface ApiServerOptions {
  /** Stays the caller's: `stop` does not close it. */
  readonly storage: Storage
  /** Who asks, may they, is it fit: made once the caches are there that they read. */
  /** `store`: given where several servers have to agree. */
  readonly security: (lister: Lister, store?: SharedStore) => Security
  /** Makes the objects that a cluster has from the start; the server is ready after it. */
  readonly bootstrap?: (client: Client, lister: Lister) => Promise<void>
  /** Signs service account tokens; without it there is no serviceaccounts/token. */
  readonly signToken?: TokenIssuer['issue']
  /** More paths: /.well-known/openid-configuration, /openid/v1/jwks. */
  readonly paths?: readonly PathHandler[]
  readonly checks?: readonly HealthCheck[]
  /** Null: no listener; only callers in this process. */
  readonly tls: TlsOptions | null
  readonly bindAddress?: string
  /** 0: a free one. */
  readonly port?: number
  /** Where others reach this server; default: the address it binds to. */
  readonly advertiseAddress?: string
  readonly serviceCIDR?: string
  /** First and last. Default 30000-32767. */
  readonly nodePorts?: readonly [number, number]
  /** Seconds that events are kept. Default an hour. */
  readonly eventLifetime?: number
  /**
   * How the addresses of the Service `kubernetes` are kept: this server is the `only` one, several have a `lease` each, or
   * `none` of its business. Default: only. With leases, everything that servers decide on their own is agreed on in the
   * store.
   */
  readonly endpoints?: 'only' | 'lease' | 'none'
  readonly clock?: Clock
  readonly log?: Logger
}

export interface Security {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** Default: admits everything as it is. */
  readonly admission?: Admission
  /** Streaming subresources, by `pods/log`. */
  readonly connect?: ConnectHandlers
}

/** A running API server. */
export interface ApiServer {
  readonly url: string
  readonly port: number
  /** Resolves when /readyz does. */
  readonly ready: Promise<void>
  /** Calls as `user` from within this process; authorized like all others, but not serialized. */
  localTransport(user: User): Transport
  /** New certificates for connections from now on. */
  renewCertificates(tls: TlsOptions): void
  /** Says that it is not ready any more, and goes on. */
  drain(): void
  /** Ends watches, lets writes under way finish. */
  stop(): Promise<void>
}

/** Milliseconds that requests under way get to finish when the server stops. */
const stopGrace = 10_000
/** Revisions before its start that a server learns, for watches that come from other servers. */
const recalled = 2_000
const admitAll: Admission = { mutate: () => undefined, validate: () => undefined }
/** The same objects in two versions: the first is a view of the second, which is stored. */
const views: readonly (readonly [AnyResource, { readonly storedAs: AnyResource; readonly conversion: Conversion }])[] =
  [
    [eventsV1, { storedAs: events, conversion: eventConversion }],
    [autoscalersV1, { storedAs: autoscalers, conversion: autoscalerConversion }],
  ]

/** Starts an API server on a store; resolves when it takes requests. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const log = options.log ?? logger('apiserver')
  const shared = options.endpoints === 'lease'
  const feed = new Feed(options.storage, log, shared ? recalled : 0)
  await feed.start()
  const table = servedResources(feed, options.eventLifetime ?? 3600)
  const lister = cacheLister(table)
  const store = shared ? { storage: options.storage, reached: (at: number) => feed.reached(at) } : undefined
  const security = options.security(lister, store)
  const { authenticator, authorizer } = security
  const addresses = new ServiceAddresses(table.of(services), options.serviceCIDR ?? '10.96.0.0/12', options.nodePorts)
  const registry: Registry = {
    table,
    admission: security.admission ?? admitAll,
    clock: options.clock ?? systemClock,
    hooks: new Map<string, WriteHook>([['/services', addresses]]),
    authenticator,
    authorizer,
    signToken: options.signToken,
  }
  let custom: { stop(): void } | undefined
  let endpoints: KubernetesEndpoints | undefined
  let ranges: SharedRanges | undefined
  const state = { ready: false, stopping: false, address: '' }
  const core: Core = {
    registry,
    authenticator,
    authorizer,
    connect: security.connect ?? {},
    paths: [
      health([...checksOf(options.storage, state), ...(options.checks ?? [])]),
      versionInfo,
      discovery(table, () => state.address),
      metrics,
      async request => {
        if (!request.path.startsWith('/openapi/')) return undefined
        return (await import('./discovery/openapi.ts')).openApi(table)(request)
      },
      ...(options.paths ?? []),
    ],
    log,
  }
  const http = options.tls ? await listen(core, options, options.tls) : undefined
  const advertised =
    options.advertiseAddress ?? (options.bindAddress === '0.0.0.0' ? '127.0.0.1' : options.bindAddress) ?? '127.0.0.1'
  state.address = `${advertised}:${http?.port ?? 0}`
  const persist = <T>(work: () => Promise<T>) => whileStoreFails(work, () => state.stopping)
  const ready = addresses
    .start()
    .then(async () => {
      const { SharedRanges } = await import('./service/shared-ranges.ts')
      const made = new SharedRanges(table.of(services), options.storage, addresses.apiAddress, log)
      ranges = made
      addresses.share(made)
      await persist(() => made.start())
    })
    .then(() =>
      persist(() =>
        bootstrapObjects(registry, {
          port: http?.port ?? 443,
          serviceIP: addresses.apiAddress,
          serviceCIDR: addresses.cidr,
        }),
      ),
    )
    .then(() => persist(async () => ranges?.keepReserved()))
    .then(async () => {
      const { CustomResources } = await import('./custom/custom-resources.ts')
      const resources = new CustomResources(registry, log)
      custom = resources
      await resources.start()
    })
    .then(() => persist(async () => options.bootstrap?.(createClient(localTransport(core, itself)), lister)))
    .then(async () => {
      const { endpoints: kept = 'only' } = options
      // Upstream does the same: an address of the loopback leads nowhere from a pod.
      if (kept === 'none' || advertised.startsWith('127.')) return
      const place = { address: advertised, port: http?.port ?? 443 }
      const { KubernetesEndpoints, writeKubernetesEndpoints } = await import('./kubernetes-endpoints.ts')
      if (kept === 'only') return persist(() => writeKubernetesEndpoints(registry, [place]))
      endpoints = new KubernetesEndpoints(registry, options.storage, place, log)
      const leased = endpoints
      return persist(() => leased.start())
    })
    .then(() => {
      state.ready = true
    })
  ready.catch(error => log.error({ error }, 'the first objects could not be made'))
  return {
    url: http ? `https://${state.address}` : '',
    port: http?.port ?? 0,
    ready,
    localTransport: user => localTransport(core, user),
    renewCertificates: tls => http?.renew(tls),
    drain() {
      state.stopping = true
    },
    async stop() {
      state.stopping = true
      await ready.catch(() => undefined)
      await endpoints?.stop()
      await http?.stop(stopGrace)
      addresses.stop()
      ranges?.stop()
      custom?.stop()
      feed.stop()
    },
  }
}

function servedResources(feed: Feed, eventLifetime: number): ResourceTable {
  const table = new ResourceTable(feed)
  const viewed = new Map(views)
  for (const resource of resources) {
    if (viewed.has(resource)) continue
    table.add(resource, strategyOf(resource), resource === events ? { lifetime: eventLifetime } : {})
  }
  for (const [view, how] of views) table.add(view, strategyOf(view), how)
  return table
}

function checksOf(storage: Storage, state: { readonly ready: boolean; readonly stopping: boolean }): HealthCheck[] {
  return [
    { name: 'ping', check: () => undefined },
    {
      name: 'etcd',
      async check() {
        if (storage.held?.()) throw new Error('the store is restarted, and requests wait for it')
        return storeAnswers(storage)
      },
    },
    {
      name: 'poststarthook/bootstrap-objects',
      readyOnly: true,
      check: () => (state.ready ? undefined : 'not finished'),
    },
    { name: 'shutdown', readyOnly: true, check: () => (state.stopping ? 'process is shutting down' : undefined) },
  ]
}

/** How long the store may take for a check, milliseconds: upstream's --etcd-healthcheck-timeout. */
const storePatience = 2_000

/** What is wrong with the store; a member of etcd without a quorum does not even refuse. */
async function storeAnswers(storage: Storage): Promise<string | undefined> {
  const silent = Promise.withResolvers<string>()
  const timer = setTimeout(
    () => silent.resolve('it does not answer; a majority of its members must be up'),
    storePatience,
  )
  try {
    return await Promise.race([storage.revision().then(() => undefined), silent.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function listen(core: Core, options: ApiServerOptions, tls: TlsOptions): Promise<HttpServer> {
  const { serveHttps } = await import('./http/server.ts')
  return serveHttps({
    tls,
    port: options.port ?? 6443,
    bindAddress: options.bindAddress ?? '0.0.0.0',
    handle: instrumented(request => handle(core, request)),
    upgrade: (request, incoming, socket, head) => void upgrade(core, request, { incoming, socket, head }),
    log: core.log,
  })
}
