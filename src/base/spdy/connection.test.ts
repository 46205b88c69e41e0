import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { constants, createDeflate } from 'node:zlib'
import { SpdyConnection, spdyConnect } from './connection.ts'
import { headerDictionary } from './dictionary.ts'
import { controlFrame, frameType, numbersOf } from './frames.ts'
import { HeaderDecoder, HeaderEncoder } from './headers.ts'
import type { SpdyStream } from './stream.ts'

function pair(onStream?: (stream: SpdyStream) => void) {
  const [left, right] = duplexPair()
  const client = spdyConnect(left, { server: false })
  const server = new SpdyConnection(right, { server: true, ...(onStream ? { onStream } : {}) })
  return { client, server }
}

test('open() carries headers and bytes both ways, and half closes', async () => {
  const { client, server } = pair(async stream => {
    stream.end(`${stream.headers.streamtype}: ${await text(stream)}`)
  })
  const streams = await Promise.all(['one', 'two'].map(streamtype => client.open({ StreamType: streamtype })))
  for (const [i, stream] of streams.entries()) stream.end(`hello ${i}`)
  assert.deepEqual(await Promise.all(streams.map(text)), ['one: hello 0', 'two: hello 1'])
  client.close()
  assert.deepEqual(await Promise.all([client.closed, server.closed]), [undefined, undefined])
})

test('open() rejects when the other side refuses', async () => {
  const { client } = pair()
  await assert.rejects(client.open({}), /refused \(SPDY status 3\)/)
  client.close()
})

test('a stream nobody reads holds its sender but not the other streams', async () => {
  const accepted: SpdyStream[] = []
  const { client } = pair(stream => void accepted.push(stream))
  const slow = await client.open({ name: 'slow' })
  const fast = await client.open({ name: 'fast' })
  let sent = 0
  const bytes = Buffer.alloc(1 << 20, 'x')
  slow.write(bytes, () => sent++)
  fast.end('through')
  assert.equal(await text(accepted[1]!), 'through')
  assert.equal(sent, 0)
  assert.ok(accepted[0]!.readableLength <= 128 << 10, `${accepted[0]!.readableLength} bytes are buffered`)
  slow.end()
  assert.equal((await text(accepted[0]!)).length, bytes.length)
  assert.equal(sent, 1)
  client.close()
})

test('destroying a stream ends it on the other side, and the connection lives on', async () => {
  const accepted: SpdyStream[] = []
  const { client } = pair(stream => void accepted.push(stream))
  const stream = await client.open({})
  stream.write('begun')
  stream.destroy()
  assert.equal(await text(accepted[0]!), 'begun')
  const next = await client.open({})
  next.end('still here')
  assert.equal(await text(accepted[1]!), 'still here')
  client.close()
})

test('a lost connection ends streams and waiting open() calls', async () => {
  const [left, right] = duplexPair()
  const client = spdyConnect(left, { server: false })
  const waiting = client.open({})
  right.destroy()
  await assert.rejects(waiting, /connection ended/)
  await client.closed
  await assert.rejects(client.open({}), /is closed/)
})

test('what is no SPDY breaks the connection off', async () => {
  const [left, right] = duplexPair()
  const client = spdyConnect(left, { server: false })
  right.write(Buffer.from([0x80, 0x02, 0, 1, 0, 0, 0, 0]))
  assert.match(String(await client.closed), /not SPDY\/3/)
})

test('pings of the other side are answered', async () => {
  const [left, right] = duplexPair()
  const server = spdyConnect(left, { server: true })
  const ping = controlFrame(frameType.ping, numbersOf([1]))
  right.write(ping)
  let got = Buffer.alloc(0)
  for await (const bytes of right) {
    got = Buffer.concat([got, bytes as Buffer])
    if (got.includes(ping)) break
  }
  server.destroy()
})

test('HeaderDecoder reads compressed blocks of one stream, and HeaderEncoder’s own', async () => {
  const deflate = createDeflate({ dictionary: headerDictionary })
  const decoder = new HeaderDecoder()
  for (const value of ['first', 'second']) {
    const word = (w: string) => Buffer.concat([numbersOf([w.length]), Buffer.from(w)])
    deflate.write(Buffer.concat([numbersOf([1]), word('streamtype'), word(value)]))
    await new Promise<void>(resolve => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    assert.deepEqual({ ...(await decoder.decode(deflate.read())) }, { streamtype: value })
  }
  const encoder = new HeaderEncoder()
  const other = new HeaderDecoder()
  for (const headers of [{ a: 'ä' }, {}, { port: '80', requestid: '1' }]) {
    assert.deepEqual({ ...(await other.decode(encoder.encode(headers))) }, headers)
  }
  await assert.rejects(other.decode(Buffer.from('rubbish')))
})
