import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { setLogLevel } from '../base/log.ts'
import { createClient } from '../client/client.ts'
import { httpTransport } from '../client/http-transport.ts'
import { linuxFiles } from '../host/files.ts'
import { ensurePki } from '../pki/ensure-pki.ts'
import { MemoryFiles } from '../pki/files.ts'
import { type ApiBalancer, type ApiBalancerOptions, startApiBalancer } from './api-balancer.ts'

setLogLevel('silent')
const files = new MemoryFiles()
const stops: (() => Promise<void> | void)[] = []
let folder: string
let ca: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kobune-api-balancer-'))
  const config = {
    nodeName: 'n',
    advertiseAddress: '192.0.2.1',
    serviceCIDR: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
  }
  await ensurePki('/pki', config, { files, which: ['ca', 'apiserver'] })
  ca = String(await files.read('/pki/ca.crt'))
})
after(async () => {
  for (const stop of stops.reverse()) await stop()
  await rm(folder, { recursive: true, force: true })
})

/** What an API server is to the balancer: TLS, /readyz, and the Endpoints that name all of them. */
async function apiServer(address: string, listed: () => readonly { address: string; port: number }[]) {
  const state = { ready: true }
  const answer: RequestListener = (request, response) => {
    if (request.url === '/readyz') return void response.writeHead(state.ready ? 200 : 500).end()
    if (request.url === '/who') return void response.end(address)
    const subsets = listed().map(one => ({
      addresses: [{ ip: one.address }],
      ports: [{ name: 'https', port: one.port, protocol: 'TCP' }],
    }))
    const metadata = { name: 'kubernetes', namespace: 'default' }
    response.end(JSON.stringify({ kind: 'Endpoints', apiVersion: 'v1', metadata, subsets }))
  }
  const tls = { cert: await files.read('/pki/apiserver.crt'), key: await files.read('/pki/apiserver.key') }
  const server = createServer({ cert: String(tls.cert), key: String(tls.key) }, answer)
  await new Promise<void>(resolve => server.listen(0, address, resolve))
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  stops.push(stop)
  return { address, state, stop, port: (server.address() as AddressInfo).port }
}

/** As a process that hangs: connections are taken, and nothing comes back. */
async function silentServer(address: string, port: number): Promise<void> {
  const sockets = new Set<Socket>()
  const server = createTcpServer({ pauseOnConnect: true }, socket => void sockets.add(socket))
  await new Promise<void>(resolve => server.listen(port, address, resolve))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
}

async function start(server: string, more: Partial<ApiBalancerOptions> = {}) {
  const balancer = await startApiBalancer({
    host: '127.0.0.1',
    port: 0,
    files: linuxFiles,
    file: join(folder, `${stops.length}.json`),
    server: () => server,
    own: () => [],
    ca: () => ca,
    clock: systemClock,
    ...more,
  })
  stops.push(() => balancer.stop())
  return { balancer, ...access(balancer) }
}

function access(balancer: ApiBalancer) {
  const transport = httpTransport({ server: balancer.url, ca, serverName: 'kubernetes', timeout: 10_000 })
  stops.push(() => transport.close())
  const who = async () => {
    const { body } = await transport.raw('/who')
    let text = ''
    for await (const chunk of body) text += Buffer.from(chunk)
    return text
  }
  return { transport, client: createClient(transport), who }
}

async function states(balancer: ApiBalancer, wanted: Readonly<Record<string, string>>): Promise<void> {
  const now = () => Object.fromEntries(balancer.states().map(({ host, state }) => [host, state]))
  for (const end = Date.now() + 10_000; JSON.stringify(now()) !== JSON.stringify(wanted); ) {
    if (Date.now() > end) assert.deepEqual(now(), wanted)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

test('a node that knows one API server learns of all of them, and keeps them for a start without that one', async () => {
  const all: { address: string; port: number }[] = []
  const a = await apiServer('127.0.0.1', () => all)
  const b = await apiServer('127.0.0.2', () => all)
  all.push(a, b)
  const file = join(folder, 'kept.json')
  const first = await start(`https://127.0.0.1:${a.port}`, { file })
  first.balancer.follow(first.client)
  await states(first.balancer, { '127.0.0.1': 'ready', '127.0.0.2': 'ready' })
  await first.balancer.stop()
  a.stop()
  const second = await start(`https://127.0.0.1:${a.port}`, { file })
  assert.equal(await second.who(), '127.0.0.2')
})

test("the machine's own API server is used before the others, while it is ready", async () => {
  const all: { address: string; port: number }[] = []
  const a = await apiServer('127.0.0.1', () => all)
  const b = await apiServer('127.0.0.2', () => all)
  all.push(a, b)
  const { balancer, client } = await start(`https://127.0.0.1:${a.port}`, { own: () => ['127.0.0.2'] })
  balancer.follow(client)
  await states(balancer, { '127.0.0.1': 'ready', '127.0.0.2': 'ready' })
  for (let i = 0; i < 3; i++) assert.equal(await access(balancer).who(), '127.0.0.2')
  b.state.ready = false
  await states(balancer, { '127.0.0.1': 'ready', '127.0.0.2': 'alive' })
  assert.equal(await access(balancer).who(), '127.0.0.1')
})

test('an API server that hangs is left within five seconds', async () => {
  const all: { address: string; port: number }[] = []
  const b = await apiServer('127.0.0.2', () => all)
  const a = await apiServer('127.0.0.1', () => all)
  all.push(a, b)
  const { balancer, client, who } = await start(`https://127.0.0.1:${a.port}`, { own: () => ['127.0.0.1'] })
  balancer.follow(client)
  await states(balancer, { '127.0.0.1': 'ready', '127.0.0.2': 'ready' })
  assert.equal(await who(), '127.0.0.1')
  a.stop()
  await silentServer('127.0.0.1', a.port)
  const began = Date.now()
  assert.equal(await who().catch(() => who()), '127.0.0.2')
  const took = Date.now() - began
  assert.ok(took < 5_000, `took ${took} ms`)
})

test('new credentials of the node harm no connection', async () => {
  const all: { address: string; port: number }[] = []
  const a = await apiServer('127.0.0.1', () => all)
  const b = await apiServer('127.0.0.2', () => all)
  all.push(a, b)
  let renewals = 0
  const { balancer, client } = await start(`https://127.0.0.1:${a.port}`, {
    checkEvery: 10,
    checkTimeout: 30_000,
    // Another one for each check, and none of them means anything to the server.
    ca: () => `${ca}\n${'#'.repeat((renewals += 1))}`,
  })
  balancer.follow(client)
  await states(balancer, { '127.0.0.1': 'ready', '127.0.0.2': 'ready' })
  const log: string[] = []
  const looking = setInterval(() => log.push(...balancer.states().map(({ state }) => state)), 1)
  const enough = renewals + 100
  while (renewals < enough) await new Promise(resolve => setTimeout(resolve, 5))
  clearInterval(looking)
  assert.deepEqual([...new Set(log)], ['ready'])
})

test('a server with a certificate of another cluster is not used', async () => {
  const a = await apiServer('127.0.0.1', () => [])
  const other = new MemoryFiles()
  const config = { nodeName: 'n', advertiseAddress: '192.0.2.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'x' }
  await ensurePki('/pki', config, { files: other, which: ['ca'] })
  const foreign = String(await other.read('/pki/ca.crt'))
  const { balancer, transport } = await start(`https://127.0.0.1:${a.port}`, { ca: () => foreign })
  const stop = AbortSignal.timeout(500)
  await assert.rejects(transport.raw('/who', {}, stop))
  assert.equal(balancer.states()[0]?.state, 'down')
})
