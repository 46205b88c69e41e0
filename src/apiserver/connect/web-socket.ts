import type { WebSocket } from 'ws'
import { badRequest } from '../../machinery/status-error.ts'
import type { ConnectRequest } from '../connect.ts'
import { webSocketProtocols } from './headers.ts'

/** Whether the connection wants to become a WebSocket. */
export const isWebSocket = ({ headers, upgrade }: ConnectRequest) =>
  upgrade !== undefined && /^websocket$/i.test(headers.upgrade ?? '')

/** The first of the protocols a client offers that is among `known`; '' stands for none offered, where `known` has it. */
export function chooseProtocol({ headers }: ConnectRequest, known: readonly string[]): string {
  const offered = webSocketProtocols(headers['sec-websocket-protocol'])
  if (offered.length === 0 && known.includes('')) return ''
  const chosen = offered.find(one => known.includes(one))
  if (chosen === undefined)
    throw badRequest(
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${known.join(' ')}]`,
    )
  return chosen
}

/** Says yes to a WebSocket with the protocol that was chosen. */
export async function acceptWebSocket(request: ConnectRequest, protocol: string): Promise<WebSocket> {
  const { socket, head, request: incoming } = request.upgrade!
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ noServer: true, maxPayload: 32 << 20 })
  // The library refuses names with a slash (SPDY/3.1+...), so it does not get to see any.
  delete incoming.headers['sec-websocket-protocol']
  if (protocol) server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return new Promise((resolve, reject) => {
    const gone = () => reject(badRequest('the WebSocket was closed while it was opened'))
    if (socket.destroyed) return gone()
    socket.once('close', gone)
    server.handleUpgrade(incoming, socket, head, resolve)
  })
}

/** Sends a message; resolves when it was handed on, so that a slow client holds whoever sends. */
export function sendMessage(socket: WebSocket, ...parts: readonly Uint8Array[]): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve()
  return new Promise(resolve => socket.send(parts.length === 1 ? parts[0]! : Buffer.concat(parts), () => resolve()))
}

/** Resolves when the socket is closed. */
export function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve()
  return new Promise(resolve => socket.once('close', () => resolve()))
}
