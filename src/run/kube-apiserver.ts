/** The process `kube-apiserver`: from upstream's flags to a server. */
import { type ApiServer, startApiServer } from '../apiserver/api-server.ts'
import { publishAuthorities } from '../apiserver/authentication/publish-authorities.ts'
import { itself } from '../apiserver/bootstrap-objects.ts'
import { secured } from '../apiserver/secured.ts'
import { delay } from '../base/clock.ts'
import { FlagError, type Given } from '../base/flags.ts'
import { logger } from '../base/log.ts'
import type { Reloading } from '../base/reloading.ts'
import { createClient } from '../client/client.ts'
import { linuxHost } from '../host/host.ts'
import { TokenIssuer } from '../pki/jwt.ts'
import type { Storage } from '../storage/storage.ts'
import { admissionChoice } from './admission-choice.ts'
import { checkApiserverFlags } from './check-apiserver-flags.ts'
import type { kubeApiserverFlags } from './flags/kube-apiserver.ts'
import { liveBundle, livePair, liveTokenKeys } from './live-files.ts'
import { openStore } from './open-store.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

export type ApiserverFlags = Given<typeof kubeApiserverFlags>

const log = logger('kube-apiserver')

/** What runs in the same process, once the server is ready. */
export interface Beside {
  readonly beside?: (running: {
    readonly server: ApiServer
    readonly storage: Storage
  }) => Promise<{ stop(): Promise<void> }>
}

/** Runs until the process is told to stop; resolves to the exit code. */
export const runKubeApiserver = (flags: ApiserverFlags): Promise<number> => runWithCompany(flags, {})

/** As `runKubeApiserver`, with more in the same process. */
export async function runWithCompany(flags: ApiserverFlags, { beside }: Beside): Promise<number> {
  const withoutAdmission = admissionChoice(flags['enable-admission-plugins'], flags['disable-admission-plugins'])
  const checked = checkApiserverFlags(flags)
  const live: Reloading<unknown>[] = []
  const follow = async <T>(started: Promise<Reloading<T>>): Promise<Reloading<T>> => {
    const one = await started
    live.push(one)
    return one
  }
  const stop = untilStopped()
  const stopping = new AbortController()
  void stop.then(signal => stopping.abort(new Error(`stopped by ${signal}`)))

  const serving = await follow(livePair(checked.tlsCertFile, checked.tlsKeyFile))
  const clientCa = await follow(liveBundle(checked.clientCaFile))
  const frontProxyFile = flags['requestheader-client-ca-file']
  const frontProxyCa = frontProxyFile ? await follow(liveBundle(frontProxyFile)) : undefined
  const kubeletFiles = [flags['kubelet-client-certificate'], flags['kubelet-client-key']] as const
  const kubelet =
    kubeletFiles[0] && kubeletFiles[1] ? await follow(livePair(kubeletFiles[0], kubeletFiles[1])) : undefined
  const kubeletCaFile = flags['kubelet-certificate-authority']
  const kubeletCa = kubeletCaFile ? await follow(liveBundle(kubeletCaFile)) : undefined
  const keys = await follow(liveTokenKeys(checked.signingKeyFile, flags['service-account-key-file']))
  const [issuer = '', ...formerIssuers] = flags['service-account-issuer']
  const audiences = flags['api-audiences'].length > 0 ? flags['api-audiences'] : flags['service-account-issuer']
  const tokens = new TokenIssuer({ issuer, formerIssuers, audiences, ...keys.current })
  keys.on(changed => tokens.renew(changed))
  const advertiseAddress = flags['advertise-address'] ?? (await ownAddress(flags['bind-address']))

  const store = await openStore(flags, stopping.signal)
  if (!store) return 0
  const tls = () => ({ ...serving.current, clientCA: clientCa.current, minVersion: checked.tlsMinVersion })
  const lowerCase = (names: readonly string[]) => names.map(name => name.toLowerCase())
  const proxyHeaders = {
    user: lowerCase(flags['requestheader-username-headers']),
    group: lowerCase(flags['requestheader-group-headers']),
    extraPrefixes: lowerCase(flags['requestheader-extra-headers-prefix']),
  }
  const server = await startApiServer({
    storage: store.storage,
    ...secured({
      clientCA: () => clientCa.current,
      ...(frontProxyCa && {
        frontProxyCA: () => frontProxyCa.current,
        frontProxyNames: flags['requestheader-allowed-names'],
        frontProxyHeaders: proxyHeaders,
      }),
      tokens,
      extendTokens: flags['service-account-extend-token-expiration'],
      bootstrapTokens: flags['enable-bootstrap-token-auth'],
      anonymous: flags['anonymous-auth'],
      withoutAdmission,
      ...(kubelet && {
        kubelet: {
          cert: () => kubelet.current.cert,
          key: () => kubelet.current.key,
          ca: kubeletCa && (() => kubeletCa.current),
          addressTypes: flags['kubelet-preferred-address-types'],
        },
      }),
    }),
    tls: tls(),
    bindAddress: flags['bind-address'],
    port: flags['secure-port'],
    advertiseAddress,
    serviceCIDR: flags['service-cluster-ip-range'],
    nodePorts: checked.nodePorts,
    endpoints: endpointsKept(flags),
    eventLifetime: flags['event-ttl'] / 1000,
  })
  const publish = () =>
    publishAuthorities(createClient(server.localTransport(itself)), {
      clientCa: clientCa.current,
      frontProxyCa: frontProxyCa?.current,
      frontProxyNames: flags['requestheader-allowed-names'],
      frontProxyHeaders: proxyHeaders,
    }).catch((error: Error) => log.warn({ error: error.message }, 'what this server trusts could not be published'))
  serving.on(() => server.renewCertificates(tls()))
  clientCa.on(() => {
    server.renewCertificates(tls())
    void publish()
  })
  frontProxyCa?.on(() => void publish())
  log.info({ port: server.port, advertiseAddress }, 'listening')
  void server.ready.then(
    () => {
      log.info({ url: server.url }, 'ready')
      settled()
      return publish()
    },
    (error: Error) => {
      if (stopping.signal.aborted) return
      // Whoever looks after this process starts it again.
      log.fatal({ error: error.message }, 'the server does not get ready')
      process.exit(1)
    },
  )
  const company = startCompany(beside, { server, storage: store.storage }, stopping.signal)
  const signal = await stop
  log.info({ signal }, 'stopping')
  await company.stop()
  server.drain()
  await delay(flags['shutdown-delay-duration'])
  await server.stop()
  for (const one of live) one.stop()
  await store.close()
  return 0
}

/** Starts what runs beside a server as soon as that is ready; the process ends when it cannot. */
function startCompany(
  beside: Beside['beside'],
  running: Parameters<NonNullable<typeof beside>>[0],
  signal: AbortSignal,
) {
  let company: { stop(): Promise<void> } | undefined
  let starting: Promise<void> | undefined
  const start = async () => {
    if (signal.aborted) return
    starting = beside!(running).then(started => {
      company = started
    })
    await starting
  }
  if (beside) {
    void running.server.ready.then(start).catch((error: Error) => {
      if (signal.aborted) return
      log.fatal({ error: error.message }, 'what runs beside the server could not start')
      process.exit(1)
    })
  }
  return {
    async stop() {
      await starting?.catch(() => undefined)
      await company?.stop()
    },
  }
}

function endpointsKept(flags: ApiserverFlags): 'only' | 'lease' | 'none' {
  if (flags['endpoint-reconciler-type'] === 'none') return 'none'
  return flags['storage-backend'] === 'etcd3' ? 'lease' : 'only'
}

/** Where others reach this machine, unless the server listens at one address only. */
async function ownAddress(bindAddress: string): Promise<string> {
  if (bindAddress !== '0.0.0.0' && bindAddress !== '::') return bindAddress
  try {
    return await linuxHost.addresses.own()
  } catch (error) {
    throw new FlagError(`--advertise-address is needed: ${(error as Error).message}`)
  }
}
