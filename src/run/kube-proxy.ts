/** The process `kobune kube-proxy`: Services as rules of this machine. */
import { logger } from '../base/log.ts'
import { type PlainAnswer, parseListenAddress, startPlainHttp } from '../base/plain-http.ts'
import { createClient } from '../client/client.ts'
import { type HttpTransportOptions, httpTransport } from '../client/http-transport.ts'
import { inClusterOptions } from '../client/in-cluster.ts'
import { InformerSet } from '../client/informer.ts'
import { followKubeconfig } from '../client/kubeconfig.ts'
import { linuxHost } from '../host/host.ts'
import { readComponentConfig } from '../machinery/component-config.ts'
import { mergePatch } from '../machinery/merge-patch.ts'
import {
  completeKubeProxyConfiguration,
  type KubeProxyConfiguration,
  kubeProxyConfigKind,
} from '../proxy/configuration.ts'
import { type ProxyModeName, removeProxyRules } from '../proxy/mode.ts'
import { startProxy } from '../proxy/proxy.ts'
import { type KubeProxyFlags, proxyConfigurationFlags } from './flags/kube-proxy.ts'
import { settled } from './settled.ts'
import { untilStopped } from './until-stopped.ts'

const host = linuxHost
const log = logger('kube-proxy')

/** Runs until the process is told to stop; the rules stay then. Resolves to the exit code. */
export async function runKubeProxy(flags: KubeProxyFlags, said: ReadonlySet<string>): Promise<number> {
  if (flags.cleanup) {
    await removeProxyRules(host)
    return 0
  }
  const stop = untilStopped()
  const config = await configuration(flags, said)
  const nodeName = (config.hostnameOverride || host.addresses.hostname()).trim().toLowerCase()
  const access = await credentials(config)
  const transport = httpTransport({ ...access.options, userAgent: 'kube-proxy' })
  const informers = new InformerSet(createClient(transport))
  const podCidrs = (config.clusterCIDR ?? '').split(',').flatMap(cidr => cidr.trim() || [])
  const mode = config.mode as ProxyModeName
  const scheduler = config.ipvs.scheduler || undefined
  const proxy = startProxy({ host, informers, nodeName, podCidrs, mode, ...(scheduler && { scheduler }) })
  let ready = false
  const failed = Promise.withResolvers<undefined>()
  proxy.ready.then(
    () => {
      ready = true
      log.info({ node: nodeName, mode }, 'the Services of the cluster are rules of this machine')
    },
    // This machine cannot do the mode: it has said why.
    () => failed.resolve(undefined),
  )
  const servers = [
    await serve(
      'healthzBindAddress',
      config.healthzBindAddress,
      healthRoutes(() => ready),
    ),
    await serve(
      'metricsBindAddress',
      config.metricsBindAddress,
      metricsRoutes(config, () => ready),
    ),
  ]
  settled()
  const signal = await Promise.race([stop, failed.promise])
  log.info({ signal }, 'stopping')
  for (const server of servers) await server?.stop()
  await proxy.stop()
  await informers.stop()
  await transport.close()
  access.stop()
  return signal ? 0 : 1
}

async function configuration(flags: KubeProxyFlags, said: ReadonlySet<string>): Promise<KubeProxyConfiguration> {
  const file = flags.config
  const read =
    file === undefined ? undefined : await readComponentConfig(await host.files.read(file), file, kubeProxyConfigKind)
  for (const warning of read?.warnings ?? []) log.warn(warning)
  const fromFlags = Object.fromEntries(
    Object.entries(proxyConfigurationFlags)
      .filter(([flag]) => said.has(flag))
      .map(([flag, field]) => [field, flags[flag as keyof KubeProxyFlags]]),
  )
  const kubeconfig = flags.kubeconfig && { clientConnection: { kubeconfig: flags.kubeconfig } }
  return completeKubeProxyConfiguration(
    [fromFlags, kubeconfig].reduce<object>((all, more) => mergePatch(all, more ?? {}) as object, read?.given ?? {}),
  )
}

async function credentials(
  config: KubeProxyConfiguration,
): Promise<{ readonly options: HttpTransportOptions; stop(): void }> {
  const { kubeconfig } = config.clientConnection
  return kubeconfig ? followKubeconfig(kubeconfig) : { options: await inClusterOptions(), stop: () => {} }
}

async function serve(field: string, address: string, routes: Readonly<Record<string, () => PlainAnswer>>) {
  if (address === '') return undefined
  const where = parseListenAddress(address)
  if (!where) throw new Error(`${field}: ${JSON.stringify(address)} is no address such as 0.0.0.0:10256`)
  return startPlainHttp({ ...where, routes })
}

function healthRoutes(ready: () => boolean) {
  const answer = (): PlainAnswer => ({
    code: ready() ? 200 : 503,
    type: 'application/json',
    body: JSON.stringify({ currentTime: new Date().toISOString(), nodeEligible: ready() }),
  })
  return { '/healthz': answer, '/livez': answer }
}

function metricsRoutes({ mode }: KubeProxyConfiguration, ready: () => boolean) {
  const started = Date.now() / 1000 - process.uptime()
  const metric = (name: string, help: string, value: number) =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`
  const metrics = () => ({
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: [
      metric('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', started),
      metric('process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()),
      metric('kobune_proxy_rules_applied', 'Whether the rules of all Services are in place.', ready() ? 1 : 0),
    ].join(''),
  })
  return { '/metrics': metrics, '/proxyMode': () => ({ body: mode }), '/healthz': () => ({ body: 'ok' }) }
}
