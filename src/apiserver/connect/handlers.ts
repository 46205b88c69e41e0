import type { ConnectHandler, ConnectHandlers } from '../connect.ts'
import type { Lister } from '../lister.ts'
import type { KubeletClientOptions } from './kubelet-client.ts'

/** Everything that streams, from kubelets and from pods; made when it is first asked for. */
export function createConnect(
  lister: Lister,
  options: KubeletClientOptions,
): { readonly handlers: ConnectHandlers; stop(): void } {
  let kubelets: ReturnType<typeof start> | undefined
  let stop: () => void = () => undefined
  async function start() {
    const { kubeletClient } = await import('./kubelet-client.ts')
    const client = kubeletClient(lister, options)
    stop = client.stop
    return client
  }
  const current = () => (kubelets ??= start())
  const later =
    (load: (kubelets: Awaited<ReturnType<typeof start>>) => Promise<ConnectHandler>): ConnectHandler =>
    async request =>
      (await load(await current()))(request)
  const proxied = (what: 'nodes' | 'pods' | 'services') =>
    later(async client => (await import('./proxy.ts')).proxies(client, lister)[what])
  return {
    handlers: {
      'pods/log': later(async client => (await import('./log.ts')).log(client)),
      'pods/exec': later(async client => (await import('./exec.ts')).command(client, 'exec')),
      'pods/attach': later(async client => (await import('./exec.ts')).command(client, 'attach')),
      'pods/portforward': later(async client => (await import('./port-forward.ts')).portForward(client)),
      'pods/proxy': proxied('pods'),
      'services/proxy': proxied('services'),
      'nodes/proxy': proxied('nodes'),
    },
    stop: () => stop(),
  }
}
