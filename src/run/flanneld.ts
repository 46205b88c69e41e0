/** The process that connects the pod networks of machines, with flannel's flags, files and leases. */
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { logger } from '../base/log.ts'
import { createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { inClusterOptions } from '../client/in-cluster.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import { linuxHost } from '../host/host.ts'
import { setUpCni } from '../kubelet/runtime/cni.ts'
import { etcdConfig, etcdLeases } from '../network/etcd-leases.ts'
import { externalInterface } from '../network/external-interface.ts'
import type { LeaseSource } from '../network/lease.ts'
import { type OverlayConfig, OverlayConfigError, parseOverlayConfig } from '../network/net-conf.ts'
import { nodeLeases } from '../network/node-leases.ts'
import { startOverlay } from '../network/overlay.ts'
import { previousSubnet } from '../network/subnet-env.ts'
import type { FlanneldFlags } from './flags/flanneld.ts'
import { untilStopped } from './until-stopped.ts'

interface Leases {
  readonly config: OverlayConfig
  readonly source: LeaseSource
  readonly nodeAddress?: string | undefined
  stop(): Promise<void>
}

const log = logger('flanneld')

/** Runs until the process is told to stop, or cannot work; packets go on flowing. Resolves to the exit code. */
export async function runFlanneld(flags: FlanneldFlags): Promise<number> {
  const stop = untilStopped()
  const stopping = new AbortController()
  void stop.then(() => stopping.abort(new Error('stopped')))
  let healthy = false
  const health = healthServer(flags, () => healthy)
  let leases: Leases | undefined
  try {
    leases = await (flags['kube-subnet-mgr'] ? fromNodes(flags) : fromEtcd(flags, stopping.signal))
    const dir = flags['cni-conf-dir']
    const overlay = startOverlay({
      host: linuxHost,
      config: leases.config,
      leases: leases.source,
      interfaces: flags.iface,
      nodeAddress: leases.nodeAddress,
      publicIp: flags['public-ip'],
      subnetFile: flags['subnet-file'],
      ipMasq: flags['ip-masq'],
      ...(dir && { attach: (podCidrs, mtu) => setUpCni(linuxHost, { podCidrs, mtu, confDir: dir }) }),
    })
    void overlay.ready.then(
      () => {
        healthy = true
      },
      () => {},
    )
    await Promise.race([stop, overlay.failed]).finally(() => overlay.stop())
    return 0
  } catch (error) {
    if (stopping.signal.aborted) return 0
    if (!(error instanceof OverlayConfigError)) throw error
    log.fatal(error.message)
    return 1
  } finally {
    health?.close()
    await leases?.stop()
  }
}

async function fromNodes(flags: FlanneldFlags): Promise<Leases> {
  const nodeName = flags['node-name'] || process.env.NODE_NAME || linuxHost.addresses.hostname()
  const options = flags['kubeconfig-file'] ? await loadKubeconfig(flags['kubeconfig-file']) : await inClusterOptions()
  const server = flags['kube-api-url'] || options.server
  const transport = httpTransport({ ...options, server })
  const config = parseOverlayConfig(await readFile(flags['net-config-path'], 'utf8'))
  const source = nodeLeases({
    client: createClient(transport),
    nodeName,
    config,
    annotationPrefix: flags['kube-annotation-prefix'],
    setCondition: flags['set-node-network-unavailable'],
  })
  return {
    config,
    source,
    stop: async () => {
      await source.stop()
      await transport.close()
    },
  }
}

async function fromEtcd(flags: FlanneldFlags, signal: AbortSignal): Promise<Leases> {
  const { etcdStorage } = await import('../storage/etcd/etcd.ts')
  const pem = async (file: string | undefined) => (file ? readFile(file, 'utf8') : undefined)
  const [ca, cert, key] = await Promise.all([
    pem(flags['etcd-cafile']),
    pem(flags['etcd-certfile']),
    pem(flags['etcd-keyfile']),
  ])
  const margin = flags['subnet-lease-renew-margin']
  if (margin < 1 || margin > 1439) {
    throw new OverlayConfigError('--subnet-lease-renew-margin must be from 1 to 1439 minutes')
  }
  // Before the long wait for etcd: a wrong interface is the user's to mend.
  await externalInterface(linuxHost, { interfaces: flags.iface })
  const endpoints = flags['etcd-endpoints']
  const store = await etcdStorage({ endpoints, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) })
  try {
    const prefix = flags['etcd-prefix'].replace(/\/+$/, '')
    const config = await etcdConfig(store, prefix, signal)
    const previous = previousSubnet(await linuxHost.files.readIfThere(flags['subnet-file']))
    const source = etcdLeases({ store, config, prefix, previous, renewMargin: margin * 60_000 })
    return { config, source, stop: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
  }
}

function healthServer(flags: FlanneldFlags, ready: () => boolean): Server | undefined {
  const port = flags['healthz-port']
  if (!port) return undefined
  return createServer((request, response) => {
    const known = request.url === '/healthz' || request.url === '/readyz'
    const good = known && (request.url === '/healthz' || ready())
    response
      .writeHead(good ? 200 : known ? 503 : 404)
      .end(good ? 'flanneld is running' : known ? 'not ready' : 'not found')
  }).listen(port, flags['healthz-ip'])
}
