import type { IncomingMessage } from 'node:http'

/** Between two neighbours only, or about who asks: not passed on. */
const dropped = new Set([
  'host',
  'authorization',
  'cookie',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const droppedPrefixes = ['impersonate-', 'x-remote-']

/** Whether a request's header is for those behind the server too. */
export function passesOn(name: string): boolean {
  return !dropped.has(name) && !droppedPrefixes.some(prefix => name.startsWith(prefix))
}

/** The headers of a request to pass on, repeated ones as lists. */
export function passedHeaders(request: Pick<IncomingMessage, 'rawHeaders'>): Record<string, string[]> {
  const headers: Record<string, string[]> = {}
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase()
    if (passesOn(name)) (headers[name] ??= []).push(request.rawHeaders[i + 1]!)
  }
  // A token may come as a WebSocket protocol.
  const protocols = headers['sec-websocket-protocol']
  if (protocols) headers['sec-websocket-protocol'] = [webSocketProtocols(protocols.join(',')).join(', ')]
  return headers
}

/** The protocols that a WebSocket offers, without the token that may stand among them. */
export function webSocketProtocols(header: string | undefined): string[] {
  const all = (header ?? '').split(',').map(one => one.trim())
  return all.filter(one => one !== '' && !one.startsWith('base64url.bearer.authorization.k8s.io.'))
}

/** The head of an answer as bytes, from the headers as they came. */
export function headText(code: number, message: string, rawHeaders: readonly string[]): string {
  let text = `HTTP/1.1 ${code} ${message}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${text}\r\n`
}
