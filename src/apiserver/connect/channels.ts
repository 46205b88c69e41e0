import type { RawData, WebSocket } from 'ws'
import type { SpdyConnection } from '../../base/spdy/connection.ts'
import type { SpdyStream } from '../../base/spdy/stream.ts'
import { closed, sendMessage } from './web-socket.ts'

/** What is asked of a command's streams. */
export interface Wanted {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
/** v5: the next byte names a channel to close. */
const closeChannel = 255

/** The protocols of exec and attach over WebSocket, best first; '' is the first one, which has no name. */
export const channelProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'base64.channel.k8s.io',
  '',
] as const

/** Carries a command's streams between a WebSocket, where each message names its channel, and SPDY streams. */
export async function joinChannels(
  socket: WebSocket,
  protocol: string,
  connection: SpdyConnection,
  wanted: Wanted,
): Promise<void> {
  const base64 = protocol.includes('base64')
  const withStatus = protocol.startsWith('v4') || protocol.startsWith('v5')
  const early: RawData[] = []
  const hold = (data: RawData) => void early.push(data)
  socket.on('message', hold)
  socket.on('close', () => connection.destroy())
  socket.on('error', () => connection.destroy())
  // In the order in which the other side waits for them.
  const error = await connection.open({ streamtype: 'error' })
  error.end()
  const stdin = wanted.stdin ? await connection.open({ streamtype: 'stdin' }) : undefined
  const stdout = wanted.stdout ? await connection.open({ streamtype: 'stdout' }) : undefined
  const stderr = wanted.stderr && !wanted.tty ? await connection.open({ streamtype: 'stderr' }) : undefined
  const resize = wanted.tty ? await connection.open({ streamtype: 'resize' }) : undefined
  for (const stream of [error, stdin, stdout, stderr, resize]) stream?.on('error', () => undefined)
  stdin?.resume()
  resize?.resume()

  const forward = async (from: SpdyStream | undefined, number: number) => {
    if (!from) return
    for await (const chunk of from) await sendMessage(socket, encode(number, chunk as Buffer, base64))
  }
  const receive = (data: RawData) =>
    take(socket, decode(data, base64), { stdin, resize, closes: protocol.startsWith('v5') })
  socket.off('message', hold)
  for (const data of early) receive(data)
  socket.on('message', receive)
  const settled = await Promise.allSettled([
    forward(stdout, channel.stdout),
    forward(stderr, channel.stderr),
    statusOf(error),
  ])
  const status = settled[2].status === 'fulfilled' ? settled[2].value : undefined
  if (status) {
    const text = withStatus ? status : failureText(status)
    if (text) await sendMessage(socket, encode(channel.error, Buffer.from(text), base64))
  }
  socket.close(1000)
  connection.close()
  await closed(socket)
}

function encode(number: number, bytes: Buffer, base64: boolean): Buffer {
  if (!base64) return Buffer.concat([Buffer.from([number]), bytes])
  return Buffer.from(`${number}${bytes.toString('base64')}`)
}

function decode(data: RawData, base64: boolean): Buffer {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
  if (!base64 || bytes.length === 0) return bytes
  return Buffer.concat([Buffer.from([bytes[0]! - 0x30]), Buffer.from(bytes.toString('latin1', 1), 'base64')])
}

interface Inputs {
  readonly stdin: SpdyStream | undefined
  readonly resize: SpdyStream | undefined
  readonly closes: boolean
}

function take(socket: WebSocket, message: Buffer, { stdin, resize, closes }: Inputs): void {
  const [number, which] = message
  if (closes && number === closeChannel) {
    if (which === channel.stdin) stdin?.end()
    return
  }
  const target = number === channel.stdin ? stdin : number === channel.resize ? resize : undefined
  const bytes = message.subarray(1)
  if (!target || bytes.length === 0 || target.writableEnded || target.destroyed) return
  if (target.write(bytes)) return
  socket.pause()
  target.once('drain', () => socket.resume())
  target.once('close', () => socket.resume())
}

/** The Status that ends a command, as text; undefined when none came. */
async function statusOf(error: SpdyStream): Promise<string | undefined> {
  const parts: Buffer[] = []
  for await (const part of error) parts.push(part as Buffer)
  return parts.length > 0 ? Buffer.concat(parts).toString() : undefined
}

/** What older protocols tell of a Status: its text, if it is a failure. */
function failureText(status: string): string {
  try {
    const parsed = JSON.parse(status) as { status?: string; message?: string }
    return parsed.status === 'Success' ? '' : (parsed.message ?? status)
  } catch {
    return status
  }
}
