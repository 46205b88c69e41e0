import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { SpdyConnection } from '../../base/spdy/connection.ts'
import type { SpdyStream } from '../../base/spdy/stream.ts'

const text = async (stream: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString()
}

/** A mock, for tests alone: answers as a kubelet would, with streams that echo. */
export async function mockKubelet(tls: { readonly cert: string; readonly key: string; readonly ca: string }) {
  const asked: string[] = []
  const sockets = new Set<Duplex>()
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true })
  server.on('request', async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url!.includes('/broken')) return void response.writeHead(400).end('container "c" is waiting to start\n')
    if (request.url!.endsWith('/page')) {
      response.writeHead(200, { 'content-type': 'text/html' })
      return void response.end('<a href="/rewriteme">test</a>')
    }
    if (request.method === 'POST') return void response.end(`got ${await text(request)} ${request.headers['x-mine']}`)
    if (!request.url!.includes('follow=true')) return void response.end('line 1\nline 2\n')
    response.write('line 1\n')
    setTimeout(() => response.end('line 2\n'), 20)
  })
  server.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url!.includes('/gone/'))
      return void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nno such c')
    const offered = String(request.headers['x-stream-protocol-version']).split(',')[0]!
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: ${offered}\r\n\r\n`,
    )
    const serve = request.url!.startsWith('/portForward')
      ? forwarding()
      : commanding(new URL(request.url!, 'http://x').searchParams)
    new SpdyConnection(socket, { server: true, head, onStream: serve })
  })
  server.on('secureConnection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** `cat`: echoes its input; `fail`: writes to stderr and ends with 3; with a terminal, tells its size. */
function commanding(query: URLSearchParams) {
  const streams = new Map<string, SpdyStream>()
  const expected =
    ['input', 'output', 'error', 'tty'].filter(name => query.has(name)).length +
    1 -
    (query.has('tty') && query.has('error') ? 1 : 0)
  return (stream: SpdyStream) => {
    stream.on('error', () => undefined)
    streams.set(stream.headers.streamtype!, stream)
    if (streams.size === expected) void run(query.getAll('command'), streams)
  }
}

async function run(words: readonly string[], streams: ReadonlyMap<string, SpdyStream>): Promise<void> {
  const [stdin, stdout, stderr, error] = ['stdin', 'stdout', 'stderr', 'error'].map(name => streams.get(name))
  let status: object = { metadata: {}, status: 'Success' }
  if (words[0] === 'fail') {
    stderr?.write('it failed\n')
    const causes = [{ reason: 'ExitCode', message: '3' }]
    status = {
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: 'command terminated with exit code 3',
      details: { causes },
    }
  } else if (words[0] === 'size') {
    const size = await new Promise(resolve => streams.get('resize')!.once('data', resolve))
    stdout?.write(`size ${size}`)
  } else if (stdin) for await (const chunk of stdin) stdout?.write(chunk)
  else stdout?.write(words.join(' '))
  stdout?.end()
  stderr?.end()
  error?.end(JSON.stringify(status))
}

/** Every port answers with what it got, after its own number. */
function forwarding() {
  return (stream: SpdyStream, headers: Readonly<Record<string, string>>) => {
    stream.on('error', () => undefined)
    if (headers.streamtype === 'error') return void stream.end()
    stream.write(`port ${headers.port}: `)
    stream.pipe(stream)
  }
}
