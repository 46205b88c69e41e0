import type { Pod } from '../../api/core/v1/pod.ts'
import { spdyUpgrade, UpgradeError } from '../../base/spdy/upgrade.ts'
import { badRequest, statusError } from '../../machinery/status-error.ts'
import type { ConnectHandler, ConnectRequest } from '../connect.ts'
import { channelProtocols, joinChannels, type Wanted } from './channels.ts'
import { chooseContainer, flag, hostOf, kubeletPath } from './containers.ts'
import type { Endpoint, KubeletClient } from './kubelet-client.ts'
import { idleTimeout, tunnel } from './tunnel.ts'
import { acceptWebSocket, chooseProtocol, isWebSocket } from './web-socket.ts'

const spdyProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io']

/** pods/exec and pods/attach: SPDY is passed through, WebSockets are translated to it. */
export const command =
  (kubelets: KubeletClient, action: 'exec' | 'attach'): ConnectHandler =>
  async request => {
    const pod = request.object as Pod
    const wanted = wantedStreams(request.query)
    const container = chooseContainer(pod, request.query.get('container') ?? undefined)
    const node = hostOf(pod)
    if (!request.upgrade) throw badRequest('Upgrade request required')
    const query = kubeletQuery(wanted, action === 'exec' ? request.query.getAll('command') : [])
    const path = `${kubeletPath(action, pod, container)}?${query}`
    const to = await kubelets.endpoint(node)
    if (isWebSocket(request)) return overWebSocket(kubelets, request, { to, path, wanted })
    const socket = await kubelets.dial(to)
    await tunnel(request, { socket, host: hostText(to), path, method: 'POST' })
    return undefined
  }

function wantedStreams(query: URLSearchParams): Wanted {
  const tty = flag(query, 'tty')
  const streams = { stdin: flag(query, 'stdin'), stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), tty }
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
  return streams
}

function kubeletQuery({ stdin, stdout, stderr, tty }: Wanted, words: readonly string[]): URLSearchParams {
  const query = new URLSearchParams()
  const flags = { input: stdin, output: stdout, error: stderr, tty }
  for (const [name, on] of Object.entries(flags)) if (on) query.set(name, '1')
  for (const word of words) query.append('command', word)
  return query
}

export const hostText = ({ host, port }: Endpoint) => `${host.includes(':') ? `[${host}]` : host}:${port}`

async function overWebSocket(
  kubelets: KubeletClient,
  request: ConnectRequest,
  { to, path, wanted }: { to: Endpoint; path: string; wanted: Wanted },
): Promise<undefined> {
  const protocol = chooseProtocol(request, channelProtocols)
  const { connection } = await openSpdy(kubelets, to, path, spdyProtocols)
  const socket = await acceptWebSocket(request, protocol).catch(error => {
    connection.destroy()
    throw error
  })
  const stop = () => socket.terminate()
  request.signal.addEventListener('abort', stop, { once: true })
  try {
    await joinChannels(socket, protocol, connection, wanted)
  } catch (error) {
    socket.close(1011, (error as Error).message.slice(0, 100))
  } finally {
    request.signal.removeEventListener('abort', stop)
    connection.destroy()
  }
  return undefined
}

/** A SPDY connection to a kubelet; what it refuses is told to whoever asked. */
export async function openSpdy(kubelets: KubeletClient, to: Endpoint, path: string, protocols: readonly string[]) {
  const socket = await kubelets.dial(to)
  socket.setTimeout(idleTimeout, () => socket.destroy())
  try {
    return await spdyUpgrade(socket, { host: hostText(to), path, protocols })
  } catch (error) {
    if (error instanceof UpgradeError) {
      const text = error.body || `the kubelet answered ${error.status}`
      const reason = error.status === 404 ? 'NotFound' : error.status === 400 ? 'BadRequest' : 'InternalError'
      throw statusError(reason, text, undefined, error.status)
    }
    throw error
  }
}
