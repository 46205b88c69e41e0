import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import type { Clock } from './clock.ts'
import { FakeClock } from './fake-clock.ts'
import { type Backend, type BackendState, startTcpBalancer, type TcpBalancer } from './tcp-balancer.ts'

const closers: (() => Promise<void> | void)[] = []
after(async () => {
  for (const close of closers.reverse()) await close()
})

/** A server that says its name, then repeats what it hears. `mute` accepts and says nothing, as one that hangs. */
async function server(name: string) {
  const sockets = new Set<Socket>()
  const state = { mute: false, ready: true }
  const listener = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    if (state.mute) return
    socket.write(`${state.ready ? '' : 'not '}${name}\n`)
    socket.pipe(socket)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  }
  closers.push(close)
  const { port } = listener.address() as AddressInfo
  return { name, port, state, close, sockets, backend: (rank = 0): Backend => ({ host: '127.0.0.1', port, rank }) }
}

async function balancer(
  more: { readonly patience?: number; readonly mostConnections?: number; readonly clock?: Clock } = {},
) {
  const news: string[] = []
  const listeners = new Set<() => void>()
  const made: TcpBalancer = await startTcpBalancer({
    host: '127.0.0.1',
    port: 0,
    checkEvery: 20,
    checkTimeout: 150,
    ...more,
    check: async ({ host, port }, signal) => {
      const socket = connect({ host, port })
      signal.addEventListener('abort', () => socket.destroy())
      try {
        const [bytes] = (await once(socket, 'data')) as [Buffer]
        return bytes.toString().startsWith('not ') ? 'alive' : 'ready'
      } finally {
        socket.destroy()
      }
    },
    changed: (backend, state) => {
      news.push(`${backend.port} ${state}`)
      for (const listener of listeners) listener()
    },
  })
  closers.push(() => made.stop())
  const until = async (port: number, state: BackendState) => {
    while (made.states().find(s => s.port === port)?.state !== state) {
      await new Promise<void>(resolve => {
        const listener = () => {
          listeners.delete(listener)
          resolve()
        }
        listeners.add(listener)
      })
    }
  }
  return { ...made, news, until }
}

function dial(port: number) {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  const said = async () => String(((await once(socket, 'data')) as [Buffer])[0])
  return { socket, said, closed: once(socket, 'close') }
}

/** Until something is so, and both ends of a connection have been told of it. */
async function turns(so: () => boolean): Promise<void> {
  while (!so()) await new Promise(setImmediate)
  for (let more = 0; more < 3; more++) await new Promise(setImmediate)
}

async function nameAt(port: number): Promise<string> {
  const { socket, said } = dial(port)
  const name = (await said()).trim()
  socket.destroy()
  return name
}

test('connections are spread over the backends that are well, the preferred ones first', async () => {
  const [a, b, c] = [await server('a'), await server('b'), await server('c')]
  const one = await balancer()
  one.setBackends([a.backend(), b.backend(), c.backend(1)])
  for (const { port } of [a, b, c]) await one.until(port, 'ready')
  const names = new Set<string>()
  for (let i = 0; i < 4; i++) names.add(await nameAt(one.port))
  assert.deepEqual([...names].sort(), ['a', 'b'])
  a.close()
  b.close()
  await one.until(a.port, 'down')
  await one.until(b.port, 'down')
  assert.equal(await nameAt(one.port), 'c')
})

test('bytes go both ways, and one side may end before the other', async () => {
  const a = await server('a')
  const one = await balancer()
  one.setBackends([a.backend()])
  const { socket, said, closed } = dial(one.port)
  assert.equal(await said(), 'a\n')
  const large = Buffer.alloc(1 << 20, 'x')
  let got = 0
  socket.on('data', bytes => (got += bytes.length))
  socket.end(large)
  await closed
  assert.equal(got, large.length)
})

test('a backend that refuses is skipped within the same connection attempt', async () => {
  const [a, b] = [await server('a'), await server('b')]
  const one = await balancer()
  one.setBackends([a.backend(0), b.backend(1)])
  await one.until(a.port, 'ready')
  await one.until(b.port, 'ready')
  a.close()
  assert.equal(await nameAt(one.port), 'b')
})

test('when a backend falls silent, its connections are broken, and new ones go elsewhere', async () => {
  const [a, b] = [await server('a'), await server('b')]
  const one = await balancer()
  one.setBackends([a.backend(0), b.backend(1)])
  await one.until(a.port, 'ready')
  await one.until(b.port, 'ready')
  const old = dial(one.port)
  assert.equal(await old.said(), 'a\n')
  a.state.mute = true
  await old.closed
  assert.equal(await nameAt(one.port), 'b')
})

test('a backend that is late once keeps its connections; new ones go elsewhere meanwhile', async () => {
  const [a, b] = [await server('a'), await server('b')]
  const clock = new FakeClock()
  const one = await balancer({ clock })
  one.setBackends([a.backend(0), b.backend(1)])
  await one.until(a.port, 'ready')
  await one.until(b.port, 'ready')
  const old = dial(one.port)
  assert.equal(await old.said(), 'a\n')
  const before = a.sockets.size
  a.state.mute = true
  clock.advance(20)
  await turns(() => a.sockets.size > before)
  clock.advance(100)
  await turns(() => a.sockets.size > before + 1)
  clock.advance(50)
  await one.until(a.port, 'slow')
  assert.equal(await nameAt(one.port), 'b')
  a.state.mute = false
  clock.advance(20)
  await one.until(a.port, 'ready')
  old.socket.write('still here')
  assert.equal(await old.said(), 'still here')
  assert.equal(await nameAt(one.port), 'a')
})

test('a backend that says it is not ready is used only when there is none that is', async () => {
  const [a, b] = [await server('a'), await server('b')]
  a.state.ready = false
  const one = await balancer()
  one.setBackends([a.backend(0), b.backend(5)])
  await one.until(a.port, 'alive')
  await one.until(b.port, 'ready')
  assert.equal(await nameAt(one.port), 'b')
  b.close()
  await one.until(b.port, 'down')
  assert.equal(await nameAt(one.port), 'not a')
})

test('a connection waits for the first backend that is well, and is closed when none comes', async () => {
  const a = await server('a')
  const one = await balancer()
  const early = dial(one.port)
  one.setBackends([a.backend()])
  assert.equal(await early.said(), 'a\n')
  early.socket.destroy()
  const other = await balancer({ patience: 30 })
  const late = dial(other.port)
  await late.closed
})

test('backends taken off the list lose their connections; those that stay keep them', async () => {
  const [a, b] = [await server('a'), await server('b')]
  const one = await balancer()
  one.setBackends([a.backend(0)])
  const onA = dial(one.port)
  assert.equal(await onA.said(), 'a\n')
  one.setBackends([a.backend(1), b.backend(0)])
  await one.until(b.port, 'ready')
  assert.equal(await nameAt(one.port), 'b')
  onA.socket.write('still here')
  assert.equal(await onA.said(), 'still here')
  one.setBackends([b.backend(0)])
  await onA.closed
})

test('no more connections are taken than allowed', async () => {
  const a = await server('a')
  const one = await balancer({ mostConnections: 1 })
  one.setBackends([a.backend()])
  const first = dial(one.port)
  assert.equal(await first.said(), 'a\n')
  await dial(one.port).closed
  first.socket.write('x')
  assert.equal(await first.said(), 'x')
})
