/** The pod network of one node: the bridge and its CNI configuration as soon as the node has its piece of addresses. */
import { nodes } from '../api/core/v1/node.ts'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import type { Host } from '../host/host.ts'
import { setUpMasquerade } from './masquerade.ts'

export interface NodeNetworkOptions {
  readonly host: Host
  readonly client: Client
  readonly nodeName: string
  /** The network of all pods: traffic inside of it keeps its addresses. */
  readonly podCidrs: readonly string[]
  /** Attaches pods of these addresses to the machine; the kubelet's runtime knows how. */
  readonly attach: (podCidrs: readonly string[]) => Promise<void>
}

const log = logger('network')

/** Follows the Node until it has a pod network, and sets it up. */
export function startNodeNetwork(options: NodeNetworkOptions): {
  readonly ready: Promise<void>
  stop(): Promise<void>
} {
  const { host, client, nodeName, podCidrs, attach } = options
  const informer = new Informer(client, nodes, { fieldSelector: `metadata.name=${nodeName}` })
  const ready = Promise.withResolvers<void>()
  let applied = ''
  let working: Promise<void> = setUpMasquerade(host, podCidrs).catch(error => {
    log.error({ error: String(error) }, 'masquerading not set up: pods do not reach the outside')
  })
  const seen = (node: { spec: { podCIDR?: string | undefined; podCIDRs?: readonly string[] | undefined } }) => {
    const cidrs = node.spec.podCIDRs ?? (node.spec.podCIDR ? [node.spec.podCIDR] : [])
    if (cidrs.length === 0 || cidrs.join() === applied) return
    applied = cidrs.join()
    working = working
      .then(() => attach(cidrs))
      .then(ready.resolve)
      .catch(error => {
        applied = ''
        log.error({ error: String(error), podCIDRs: cidrs }, 'pod network not set up')
      })
  }
  informer.on({ added: seen, updated: seen })
  informer.start()
  ready.promise.catch(() => {})
  return {
    ready: ready.promise,
    async stop() {
      await informer.stop()
      ready.reject(new Error('the pod network was stopped'))
      await working.catch(() => {})
    },
  }
}
