import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { type DecodedPacket, decode, encode, type Packet, streamEncode } from 'dns-packet'
import { namespaces } from '../api/core/v1/namespace.ts'
import { services } from '../api/core/v1/service.ts'
import { endpointSlices } from '../api/discovery/v1/endpoint-slice.ts'
import { setLogLevel } from '../base/log.ts'
import { InformerSet } from '../client/informer.ts'
import { MemoryApi } from '../client/memory-api.ts'
import { answer } from './answer.ts'
import { ClusterRecords } from './cluster-records.ts'
import { type DnsServer, serveDns } from './server.ts'
import { upstream } from './upstream.ts'

setLogLevel('silent')
const api = new MemoryApi()
const informers = new InformerSet(api.client)
let server: DnsServer
let outside: DnsServer
/** What the mock resolver was asked, and how it answers. */
const asked: string[] = []
const elsewhere: Record<string, Partial<Packet>> = {
  'example.com': { answers: [{ name: 'example.com', type: 'A', ttl: 60, data: '203.0.113.1' }] },
  'brief.test': { answers: [{ name: 'brief.test', type: 'A', ttl: 0, data: '203.0.113.2' }] },
  'failing.test': { flags: 2 },
}

const ns = (name: string) => api.client.create(namespaces, { metadata: { name } } as never)
const service = (name: string, spec: object) =>
  api.client.create(services, { metadata: { name, namespace: 'a' }, spec } as never)
const slice = (of: string, endpoints: readonly object[], ports: readonly object[] = []) => {
  const labels = { 'kubernetes.io/service-name': of }
  return api.client.create(endpointSlices, {
    metadata: { name: `${of}-1`, namespace: 'a', labels },
    addressType: 'IPv4',
    endpoints,
    ports,
  } as never)
}

before(async () => {
  await ns('a')
  const http = { name: 'http', port: 80, protocol: 'TCP' }
  await service('web', { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10', 'fd00::10'], ports: [http] })
  await service('db', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ ...http, name: 'sql', port: 5432 }] })
  await slice(
    'db',
    [
      { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.244.0.6'], conditions: { ready: true } },
      { addresses: ['10.244.0.7'], hostname: 'db-2', conditions: { ready: false } },
    ],
    [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  )
  await service('empty', { clusterIP: 'None', clusterIPs: ['None'] })
  await service('alias', { type: 'ExternalName', externalName: 'Example.com.' })
  await service('inner', { type: 'ExternalName', externalName: 'web.a.svc.cluster.local' })
  await service('many', { clusterIP: 'None', clusterIPs: ['None'] })
  await slice(
    'many',
    Array.from({ length: 90 }, (_, i) => ({ addresses: [`10.244.1.${i}`] })),
  )
  const records = new ClusterRecords({ informers, domain: 'cluster.local' })
  await records.synced()
  outside = await serveDns({
    port: 0,
    address: '127.0.0.1',
    answer: async ({ id = 0, questions = [] }) => {
      const { name } = questions[0]!
      asked.push(name)
      return {
        id,
        type: 'response',
        flags: 3,
        questions,
        ...(elsewhere[name] && { flags: 0, ...elsewhere[name] }),
      } as Packet
    },
  })
  const resolver = upstream({ servers: [`127.0.0.1#${outside.port}`], timeout: 500 })
  const options = { records, upstream: resolver, domain: 'cluster.local' }
  server = await serveDns({ port: 0, address: '127.0.0.1', answer: query => answer(query, options) })
})
after(async () => {
  await server.stop()
  await outside.stop()
  await informers.stop()
})

const queryOf = (name: string, type: string, more: Partial<Packet> = {}): Packet =>
  ({ id: 7, type: 'query', flags: 0x100, questions: [{ name, type, class: 'IN' }], ...more }) as Packet

function askUdp(query: Packet): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.on('message', bytes => {
      socket.close()
      resolve(decode(bytes))
    })
    socket.on('error', reject)
    socket.send(encode(query), server.port, '127.0.0.1')
  })
}

function askTcp(query: Packet): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      socket.destroy()
      resolve(decode(received.subarray(2)))
    })
    socket.write(streamEncode(query))
  })
}

const text = (data: unknown) => {
  const { target, port } = data as { target?: string; port?: number }
  return target ? `${target}:${port}` : Array.isArray(data) ? String(data[0]) : String(data)
}
/** `[code, answers as "TYPE data"]` */
async function look(name: string, type: string): Promise<[number, string[]]> {
  const { flags = 0, answers = [] } = await askUdp(queryOf(name, type))
  return [flags & 0xf, answers.map(a => `${a.type} ${text('data' in a ? a.data : '')}`).sort()]
}

test('the server answers for the names of the cluster', async () => {
  const of = (name: string) => `${name}.a.svc.cluster.local`
  const cases: readonly (readonly [string, string, number, readonly string[]])[] = [
    [of('web'), 'A', 0, ['A 10.96.0.10']],
    [of('web'), 'AAAA', 0, ['AAAA fd00::10']],
    [of('WEB'), 'A', 0, ['A 10.96.0.10']],
    [of('web'), 'SRV', 0, [`SRV ${of('web')}:80`]],
    [of('_http._tcp.web'), 'SRV', 0, [`SRV ${of('web')}:80`]],
    [of('_http._udp.web'), 'SRV', 3, []],
    [of('db'), 'A', 0, ['A 10.244.0.5', 'A 10.244.0.6']],
    [of('db'), 'AAAA', 0, []],
    [of('db-0.db'), 'A', 0, ['A 10.244.0.5']],
    [of('10-244-0-6.db'), 'A', 0, ['A 10.244.0.6']],
    [of('db-2.db'), 'A', 3, []],
    [of('_sql._tcp.db'), 'SRV', 0, [`SRV ${of('10-244-0-6.db')}:5432`, `SRV ${of('db-0.db')}:5432`]],
    [of('empty'), 'A', 3, []],
    [of('none'), 'A', 3, []],
    ['web.b.svc.cluster.local', 'A', 3, []],
    ['a.svc.cluster.local', 'A', 0, []],
    ['svc.cluster.local', 'A', 0, []],
    ['other.cluster.local', 'A', 3, []],
    ['10-244-0-9.a.pod.cluster.local', 'A', 0, ['A 10.244.0.9']],
    ['nonsense.a.pod.cluster.local', 'A', 3, []],
    ['10.0.96.10.in-addr.arpa', 'PTR', 0, [`PTR ${of('web')}`]],
    ['5.0.244.10.in-addr.arpa', 'PTR', 0, [`PTR ${of('db-0.db')}`]],
    [of('alias'), 'CNAME', 0, ['CNAME example.com']],
    [of('alias'), 'A', 0, ['A 203.0.113.1', 'CNAME example.com']],
    [of('inner'), 'A', 0, ['A 10.96.0.10', `CNAME ${of('web')}`]],
    ['dns-version.cluster.local', 'TXT', 0, ['TXT 1.1.0']],
  ]
  for (const [name, type, code, answers] of cases) {
    // A question that is written in capitals is answered so.
    assert.deepEqual(await look(name.replace('WEB', 'Web'), type), [code, answers], `${type} ${name}`)
  }
})

test('what is not there comes with who says so', async () => {
  const { authorities } = await askUdp(queryOf('none.a.svc.cluster.local', 'A'))
  assert.deepEqual(
    authorities?.map(a => [a.type, a.name]),
    [['SOA', 'cluster.local']],
  )
})

test('SRV records bring the addresses of their hosts', async () => {
  const { additionals } = await askUdp(queryOf('_sql._tcp.db.a.svc.cluster.local', 'SRV'))
  assert.deepEqual(additionals?.map(a => text('data' in a ? a.data : '')).sort(), ['10.244.0.5', '10.244.0.6'])
})

test('what does not fit a datagram is cut, and whole over TCP', async () => {
  const query = queryOf('many.a.svc.cluster.local', 'A')
  const cut = await askUdp(query)
  assert.deepEqual([cut.flag_tc, cut.answers?.length], [true, 0])
  assert.equal((await askTcp(query)).answers?.length, 90)
})

test('EDNS makes room, and is answered', async () => {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] }
  const packet = await askUdp(queryOf('db.a.svc.cluster.local', 'A', { additionals: [opt] } as never))
  assert.ok(packet.additionals?.some(a => a.type === 'OPT'))
})

test('other names are asked elsewhere, and remembered as long as they hold', async () => {
  asked.length = 0
  for (const name of ['example.com', 'brief.test', 'brief.test', 'absent.test']) await look(name, 'A')
  assert.deepEqual(await look('example.com', 'A'), [0, ['A 203.0.113.1']])
  assert.deepEqual(await look('absent.test', 'A'), [3, []])
  assert.deepEqual(asked.filter(name => name === 'brief.test').length, 2)
  assert.deepEqual(asked.filter(name => name === 'absent.test').length, 1)
})

test('a resolver that fails is asked again, and then told of', async () => {
  asked.length = 0
  assert.deepEqual(await look('failing.test', 'A'), [2, []])
  assert.deepEqual(asked, ['failing.test', 'failing.test'])
})

test('no resolver there, or none at all, is a failure of the server', async () => {
  const query = decode(encode(queryOf('example.com', 'A')))
  await assert.rejects(upstream({ servers: [] }).forward(query), /no upstream resolver is configured/)
  await assert.rejects(upstream({ servers: ['127.0.0.1#1'], timeout: 200 }).forward(query))
  await assert.rejects(upstream({ servers: ['no.such.host.invalid'], timeout: 200 }).forward(query))
})

test('nonsense is left alone', async () => {
  const { flags = 0 } = await askUdp({ ...queryOf('a', 'A'), questions: [] })
  assert.equal(flags & 0xf, 1)
})
