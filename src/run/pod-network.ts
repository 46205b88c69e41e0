/** The built-in pod network of a node: as the cluster's ConfigMap says, set up and changed when that changes. */
import { configMaps } from '../api/core/v1/config-map.ts'
import { type Clock, delay } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import { setUpCni } from '../kubelet/runtime/cni.ts'
import { isForbidden, isNotFound } from '../machinery/status-error.ts'
import { parseOverlayConfig } from '../network/net-conf.ts'
import { nodeLeases } from '../network/node-leases.ts'
import { startOverlay } from '../network/overlay.ts'

export interface PodNetworkOptions {
  readonly host: Host
  readonly client: Client
  readonly nodeName: string
  readonly nodeAddress: string
  readonly clock: Clock
}

/** What `init` writes; without it the pod network is somebody else's. */
export const podNetworkConfig = { namespace: 'kube-system', name: 'kobune-network', key: 'net-conf.json' } as const

const lookOften = 1_000
const lookRarely = 15_000
/** A cluster that begins writes it soon. */
const beginning = 120_000
const log = logger('network')

/** Follows the ConfigMap until it is stopped; what was set up stays then. */
export function followPodNetwork(options: PodNetworkOptions): { stop(): Promise<void> } {
  const { client, clock } = options
  const stop = new AbortController()

  async function read(): Promise<string | undefined> {
    const { namespace, name, key } = podNetworkConfig
    try {
      return (await client.get(configMaps, { namespace, name }, stop.signal)).data?.[key]
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return undefined
      throw error
    }
  }

  async function run(): Promise<void> {
    const began = clock.now()
    let running: { readonly text: string; stop(): Promise<void> } | undefined
    while (!stop.signal.aborted) {
      try {
        const text = await read()
        if (text !== undefined && text !== running?.text) {
          await running?.stop()
          running = { text, stop: await start(options, text) }
        }
      } catch (error) {
        if (!stop.signal.aborted) log.warn({ error: (error as Error).message }, 'the pod network is not set up yet')
      }
      const often = !running && clock.now() - began < beginning
      await delay(often ? lookOften : lookRarely, stop.signal, clock).catch(() => {})
    }
    await running?.stop()
  }

  const running = run()
  return {
    async stop() {
      stop.abort(new Error('the pod network is not followed any more'))
      await running
    },
  }
}

/** Takes part in the overlay; gives how to stop that. A configuration that cannot work here is told and left. */
async function start(options: PodNetworkOptions, text: string): Promise<() => Promise<void>> {
  const { host, client, nodeName, nodeAddress, clock } = options
  try {
    const config = parseOverlayConfig(text)
    const leases = nodeLeases({ client, nodeName, config, clock })
    const attach = (podCidrs: readonly string[], mtu: number) => setUpCni(host, { podCidrs, mtu })
    const overlay = startOverlay({ host, config, leases, nodeAddress, ipMasq: true, attach, clock })
    overlay.failed.catch(error => tellWrong(error))
    return async () => {
      await overlay.stop()
      await leases.stop()
    }
  } catch (error) {
    tellWrong(error)
    return async () => {}
  }
}

function tellWrong(error: unknown): void {
  const { namespace, name } = podNetworkConfig
  log.error({ configMap: `${namespace}/${name}`, error: (error as Error).message }, 'the pod network cannot be set up')
}
