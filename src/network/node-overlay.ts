/** The network between nodes as a part of a node's own process: leases are the cluster's Nodes. */
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import type { OverlayConfig } from './net-conf.ts'
import { nodeLeases } from './node-leases.ts'
import { type Overlay, type OverlayOptions, startOverlay } from './overlay.ts'

export interface NodeOverlayOptions extends Omit<OverlayOptions, 'leases' | 'ipMasq'> {
  readonly host: Host
  /** May list and watch all Nodes, and patch the status of its own. */
  readonly client: Client
  readonly nodeName: string
  readonly config: OverlayConfig
  /** Default true. */
  readonly ipMasq?: boolean
}

/** Takes part in the cluster's network until stopped; `attach` lets pods take part. */
export function startNodeOverlay(options: NodeOverlayOptions): Overlay {
  const { client, nodeName, config, clock } = options
  const leases = nodeLeases({ client, nodeName, config, ...(clock && { clock }) })
  const overlay = startOverlay({ ipMasq: true, ...options, leases })
  return {
    ...overlay,
    async stop() {
      await overlay.stop()
      await leases.stop()
    },
  }
}
