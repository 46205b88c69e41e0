/** The process `kube-controller-manager`. */
import { createPrivateKey } from 'node:crypto'
import { systemClock } from '../base/clock.ts'
import { FlagError, type Given } from '../base/flags.ts'
import { type Client, createClient } from '../client/client.ts'
import { connectionsWith, type HttpTransportOptions } from '../client/http-transport.ts'
import type { ControllersOptions } from '../controllers/controllers.ts'
import { startComponents } from './components.ts'
import { controllerChoice } from './controller-choice.ts'
import { runElected, type WithLeaderFlags } from './elected.ts'
import type { kubeControllerManagerFlags } from './flags/kube-controller-manager.ts'
import { liveBundle, livePair } from './live-files.ts'
import { serviceAccountTransport } from './service-account-transport.ts'

type ManagerFlags = WithLeaderFlags<typeof kubeControllerManagerFlags>

/** Runs until the process is told to stop, or the lead is lost; resolves to the exit code. */
export async function runKubeControllerManager(flags: ManagerFlags): Promise<number> {
  const chosen = controllerChoice(flags.controllers)
  const { options, stop } = await controllerOptions(flags)
  try {
    return await runElected({
      name: 'kube-controller-manager',
      flags,
      start: async (client, to) => {
        const accounts = flags['use-service-account-credentials'] ? accountClients(client, to) : undefined
        const running = await startComponents({
          clock: systemClock,
          controllers: { client, options, chosen, clientOf: accounts?.of ?? (() => client) },
        })
        return {
          async stop() {
            await running.stop()
            accounts?.close()
          },
        }
      },
    })
  } finally {
    stop()
  }
}

/** A client for each service account; they share connections, which show no certificate. */
function accountClients(client: Client, to: HttpTransportOptions) {
  const { server, serverName, ca, userAgent } = to
  const connections = connectionsWith({ ca, serverName })
  const clients = new Map<string, Client>()
  return {
    of(account: string): Client {
      let one = clients.get(account)
      if (!one) {
        const where = { server, serverName, connections, userAgent: `${userAgent}/${account}` }
        clients.set(account, (one = createClient(serviceAccountTransport(client, account, where))))
      }
      return one
    },
    close: () => connections.close(),
  }
}

/** What the controllers need, out of the manager's flags; `stop` ends following files. */
export async function controllerOptions(
  flags: Given<typeof kubeControllerManagerFlags>,
): Promise<{ options: ControllersOptions; stop(): void }> {
  const certFile = flags['cluster-signing-cert-file']
  const keyFile = flags['cluster-signing-key-file']
  if (Boolean(certFile) !== Boolean(keyFile)) {
    throw new FlagError('--cluster-signing-cert-file and --cluster-signing-key-file are given both or not at all')
  }
  const cidrs = flags['cluster-cidr']
  if (flags['allocate-node-cidrs'] && cidrs.length === 0)
    throw new FlagError('--allocate-node-cidrs needs --cluster-cidr')
  const authority = certFile && keyFile ? await livePair(certFile, keyFile) : undefined
  const rootCa = flags['root-ca-file'] ? await liveBundle(flags['root-ca-file']) : undefined
  const size = flags['node-cidr-mask-size']
  const v4 = flags['node-cidr-mask-size-ipv4'] || size
  const v6 = flags['node-cidr-mask-size-ipv6'] || (cidrs.length === 1 ? size : 0)
  const options: ControllersOptions = {
    ...(authority && {
      authority: () => ({ certificate: authority.current.cert, key: createPrivateKey(authority.current.key) }),
    }),
    ...(rootCa && { rootCa }),
    longestSigned: flags['cluster-signing-duration'],
    clusterCidrs: flags['allocate-node-cidrs'] ? cidrs : [],
    nodeMask: { ...(v4 > 0 && { 4: v4 }), ...(v6 > 0 && { 6: v6 }) },
    nodeGracePeriod: flags['node-monitor-grace-period'],
    nodeMonitorPeriod: flags['node-monitor-period'],
    mostEndedPods: flags['terminated-pod-gc-threshold'],
  }
  return {
    options,
    stop() {
      authority?.stop()
      rootCa?.stop()
    },
  }
}
