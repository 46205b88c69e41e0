import type { RawData, WebSocket } from 'ws'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { SpdyConnection } from '../../base/spdy/connection.ts'
import type { SpdyStream } from '../../base/spdy/stream.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { ConnectHandler, ConnectRequest } from '../connect.ts'
import { hostOf, kubeletPath } from './containers.ts'
import { hostText, openSpdy } from './exec.ts'
import type { Endpoint, KubeletClient } from './kubelet-client.ts'
import { tunnel } from './tunnel.ts'
import { acceptWebSocket, chooseProtocol, closed, isWebSocket, sendMessage } from './web-socket.ts'

/** Whole SPDY connections inside of a WebSocket. */
const tunnelled = 'SPDY/3.1+portforward.k8s.io'
/** Ports named in the query, each with a channel for its data and one for its errors. */
const channelled = [
  'v4.channel.k8s.io',
  'v5.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'portforward.k8s.io',
]
const streamProtocol = 'portforward.k8s.io'

/** pods/portforward: SPDY is passed through, also out of WebSockets; channels of WebSockets become SPDY streams. */
export const portForward =
  (kubelets: KubeletClient): ConnectHandler =>
  async request => {
    const pod = request.object as Pod
    const to = await kubelets.endpoint(hostOf(pod))
    if (!request.upgrade) throw badRequest('Upgrade request required')
    const path = kubeletPath('portForward', pod)
    if (!isWebSocket(request)) {
      await tunnel(request, { socket: await kubelets.dial(to), host: hostText(to), path, method: 'POST' })
      return undefined
    }
    const protocol = chooseProtocol(request, [tunnelled, ...channelled])
    if (protocol === tunnelled) await relay(kubelets, request, to, path)
    else await channels(kubelets, request, { to, path, protocol })
    return undefined
  }

/** The WebSocket carries the bytes of SPDY, which are not looked at. */
async function relay(kubelets: KubeletClient, request: ConnectRequest, to: Endpoint, path: string): Promise<void> {
  const { switchToSpdy } = await import('./switch-to-spdy.ts')
  const { socket: backend, first } = await switchToSpdy(await kubelets.dial(to), hostText(to), path, streamProtocol)
  const socket = await acceptWebSocket(request, tunnelled).catch(error => {
    backend.destroy()
    throw error
  })
  const stop = () => socket.terminate()
  request.signal.addEventListener('abort', stop, { once: true })
  socket.on('message', (data: RawData) => {
    if (backend.write(data as Buffer)) return
    socket.pause()
    backend.once('drain', () => socket.resume())
  })
  socket.on('close', () => backend.destroy())
  socket.on('error', () => backend.destroy())
  backend.on('error', () => undefined)
  if (first.length > 0) await sendMessage(socket, first)
  try {
    for await (const chunk of backend) await sendMessage(socket, chunk as Buffer)
  } catch {
    // The kubelet broke off: told by closing.
  }
  socket.close(1000)
  await closed(socket)
  request.signal.removeEventListener('abort', stop)
}

function portsOf(query: URLSearchParams): number[] {
  const ports = query.getAll('ports').flatMap(text => text.split(',').map(Number))
  if (ports.length === 0) throw badRequest("query parameter 'ports' is required for this protocol")
  for (const port of ports)
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw badRequest(`unable to parse port: ${port}`)
  return ports
}

async function channels(
  kubelets: KubeletClient,
  request: ConnectRequest,
  { to, path, protocol }: { to: Endpoint; path: string; protocol: string },
): Promise<void> {
  const ports = portsOf(request.query)
  const { connection } = await openSpdy(kubelets, to, path, [streamProtocol])
  const socket = await acceptWebSocket(request, protocol).catch(error => {
    connection.destroy()
    throw error
  })
  const stop = () => socket.terminate()
  request.signal.addEventListener('abort', stop, { once: true })
  socket.on('close', () => connection.destroy())
  socket.on('error', () => connection.destroy())
  try {
    await joinPorts(socket, connection, ports, protocol.includes('base64'))
  } catch (error) {
    socket.close(1011, (error as Error).message.slice(0, 100))
  } finally {
    request.signal.removeEventListener('abort', stop)
    connection.destroy()
  }
  await closed(socket)
}

/** Channel 2i is the data of the i-th port, 2i+1 its errors; each begins with the port, low byte first. */
async function joinPorts(
  socket: WebSocket,
  connection: SpdyConnection,
  ports: readonly number[],
  base64: boolean,
): Promise<void> {
  const frame = (channel: number, bytes: Buffer) =>
    base64 ? Buffer.from(`${channel}${bytes.toString('base64')}`) : Buffer.concat([Buffer.from([channel]), bytes])
  const inputs: SpdyStream[] = []
  const early: RawData[] = []
  const hold = (data: RawData) => void early.push(data)
  socket.on('message', hold)
  const running: Promise<void>[] = []
  for (const [i, port] of ports.entries()) {
    const headers = { port: String(port), requestid: String(i) }
    const error = await connection.open({ ...headers, streamtype: 'error' })
    error.end()
    const data = await connection.open({ ...headers, streamtype: 'data' })
    for (const stream of [error, data]) stream.on('error', () => undefined)
    inputs.push(data)
    const named = Buffer.from([port & 0xff, port >> 8])
    const forward = async (from: SpdyStream, channel: number) => {
      await sendMessage(socket, frame(channel, named))
      for await (const chunk of from) await sendMessage(socket, frame(channel, chunk as Buffer))
    }
    running.push(forward(data, 2 * i), forward(error, 2 * i + 1))
  }
  const receive = (data: RawData) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
    if (bytes.length === 0) return
    const channel = base64 ? bytes[0]! - 0x30 : bytes[0]!
    const target = channel % 2 === 0 ? inputs[channel / 2] : undefined
    const content = base64 ? Buffer.from(bytes.toString('latin1', 1), 'base64') : bytes.subarray(1)
    if (!target || content.length === 0 || target.writableEnded || target.destroyed) return
    if (target.write(content)) return
    socket.pause()
    target.once('drain', () => socket.resume())
  }
  socket.off('message', hold)
  for (const data of early) receive(data)
  socket.on('message', receive)
  await Promise.allSettled(running)
  socket.close(1000)
}
