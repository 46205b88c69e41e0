import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Node, nodes } from '../api/core/v1/node.ts'
import { formatCidr, parseCidr } from '../base/cidr.ts'
import { FakeClock } from '../base/fake-clock.ts'
import { MemoryApi } from '../client/memory-api.ts'
import { recordingHost } from '../host/recording-host.ts'
import { memoryStorage } from '../storage/memory/memory.ts'
import { etcdConfig, etcdLeases } from './etcd-leases.ts'
import type { Describe, Lease } from './lease.ts'
import { parseOverlayConfig } from './net-conf.ts'
import { nodeLeases } from './node-leases.ts'
import { startOverlay } from './overlay.ts'

const signal = new AbortController().signal
const told =
  (publicIp: string): Describe =>
  () => ({ publicIp, backendType: 'host-gw', backendData: null })

const prefix = '/coreos.com/network'
const config = parseOverlayConfig('{"Network":"10.5.0.0/22","SubnetLen":24,"Backend":{"Type":"host-gw"}}', {
  pieces: true,
})

/** The network card of the machine that tests run as. */
const address = {
  interface: 'eth0',
  address: '192.0.2.1',
  family: 4 as const,
  cidr: '192.0.2.1/24',
  mac: '',
  internal: false,
}

test('leases in etcd: each machine gets a piece of its own, the same one again, and none when all are taken', async () => {
  const store = memoryStorage()
  await store.put(`${prefix}/config`, Buffer.from('{"Network":"10.5.0.0/16"}'))
  assert.equal(formatCidr((await etcdConfig(store, prefix, signal)).network), '10.5.0.0/16')
  const machine = (ip: string, previous?: string) =>
    etcdLeases({ store, config, prefix, ...(previous && { previous: parseCidr(previous) }) }).acquire(told(ip), signal)
  // All at once: the range has three pieces, and some choose the same one at first.
  const [a, b, c] = await Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(ip => machine(ip)))
  assert.deepEqual([a!, b!, c!].map(lease => lease.podCidrs[0]).sort(), ['10.5.1.0/24', '10.5.2.0/24', '10.5.3.0/24'])
  assert.deepEqual((await machine('192.0.2.2')).subnet, b!.subnet)
  await assert.rejects(machine('192.0.2.4'), /no piece of 10\.5\.0\.0\/22 is free/)
  await store.delete(`${prefix}/subnets/${a!.podCidrs[0]!.replace('/', '-')}`)
  assert.deepEqual((await machine('192.0.2.5', a!.podCidrs[0])).subnet, a!.subnet)
  const key = `${prefix}/subnets/${b!.podCidrs[0]!.replace('/', '-')}`
  const { kv } = await store.get(key)
  assert.deepEqual(JSON.parse(Buffer.from(kv!.value).toString()), {
    PublicIP: '192.0.2.2',
    PublicIPv6: null,
    BackendType: 'host-gw',
  })
  await store.close()
})

test('a lease in etcd is renewed an hour before its end; who loses it hears of that', async () => {
  const clock = new FakeClock()
  const store = memoryStorage({ clock })
  const source = etcdLeases({ store, config, prefix, clock })
  const own = await source.acquire(told('192.0.2.1'), signal)
  const key = `${prefix}/subnets/${own.podCidrs[0]!.replace('/', '-')}`
  let others: readonly Lease[] | undefined
  const seen = Promise.withResolvers<void>()
  const lost = source.follow(
    own,
    list => {
      others = list
      if (list.length) seen.resolve()
    },
    signal,
  )
  await etcdLeases({ store, config, prefix }).acquire(told('192.0.2.2'), signal)
  await seen.promise
  assert.equal(others![0]!.publicIp, '192.0.2.2')
  const { version } = (await store.get(key)).kv!
  clock.advance(23 * 3_600_000)
  while ((await store.get(key)).kv!.version === version) await new Promise(resolve => setImmediate(resolve))
  await store.delete(key)
  await lost
  await store.close()
})

const node = (name: string, podCIDR: string | undefined, annotations: Record<string, string> = {}) => ({
  metadata: { name, annotations },
  spec: podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {},
  status: {},
})
const at = (name: string) => `flannel.alpha.coreos.com/${name}`
const hostGw = parseOverlayConfig('{"Network":"10.244.0.0/16","Backend":{"Type":"host-gw"}}')

test('leases of Nodes: ours is told by annotations, again when they are lost; others without them are no peers', async () => {
  const api = new MemoryApi()
  await api.client.create(nodes, node('n1', undefined) as never)
  await api.client.create(nodes, node('stranger', '10.244.9.0/24') as never)
  await api.client.create(nodes, {
    ...node('n2', '10.244.2.0/24', {
      [at('kube-subnet-manager')]: 'true',
      [at('backend-type')]: 'host-gw',
      [at('backend-data')]: 'null',
      [at('public-ip')]: '192.0.2.2',
    }),
  } as never)
  const source = nodeLeases({ client: api.client, nodeName: 'n1', config: hostGw })
  const acquiring = source.acquire(told('192.0.2.1'), signal)
  await api.client.patch(nodes, { name: 'n1' }, { spec: { podCIDR: '10.244.1.0/24' } })
  const own = await acquiring
  const annotations = async () => ((await api.client.get(nodes, { name: 'n1' })) as Node).metadata.annotations
  const wanted = {
    [at('kube-subnet-manager')]: 'true',
    [at('backend-type')]: 'host-gw',
    [at('backend-data')]: 'null',
    [at('public-ip')]: '192.0.2.1',
  }
  assert.deepEqual(await annotations(), wanted)
  const first = Promise.withResolvers<readonly Lease[]>()
  const lost = source.follow(own, list => first.resolve(list), signal)
  assert.deepEqual(
    (await first.promise).map(lease => [formatCidr(lease.subnet), lease.publicIp]),
    [['10.244.2.0/24', '192.0.2.2']],
  )
  await api.client.patch(nodes, { name: 'n1' }, { metadata: { annotations: { [at('public-ip')]: null } } })
  while (!(await annotations())?.[at('public-ip')]) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(await annotations(), wanted)
  await api.client.patch(nodes, { name: 'n1' }, { spec: { podCIDR: '10.244.7.0/24' } })
  await lost
  await source.stop()
})

test('a pod network outside of the configured one ends the overlay with what to do', async () => {
  const api = new MemoryApi()
  await api.client.create(nodes, node('n1', '10.99.1.0/24') as never)
  const host = recordingHost()
  const addresses = { ...host.addresses, list: () => [address] }
  const leases = nodeLeases({ client: api.client, nodeName: 'n1', config: hostGw })
  const overlay = startOverlay({ host: { ...host, addresses }, config: hostGw, leases, ipMasq: true })
  await assert.rejects(
    overlay.failed,
    /10\.99\.1\.0\/24, which is not in 10\.244\.0\.0\/16: let Network .* be --cluster-cidr/,
  )
  await overlay.stop()
  await leases.stop()
})

test('what was taken out of the kernel comes back though nobody told of a change', async () => {
  const api = new MemoryApi()
  const clock = new FakeClock()
  await api.client.create(nodes, node('n1', '10.244.1.0/24') as never)
  const peer = { [at('kube-subnet-manager')]: 'true', [at('backend-type')]: 'host-gw', [at('public-ip')]: '192.0.2.2' }
  await api.client.create(nodes, node('n2', '10.244.2.0/24', peer) as never)
  const host = recordingHost()
  const leases = nodeLeases({ client: api.client, nodeName: 'n1', config: hostGw })
  const overlay = startOverlay({
    host: { ...host, addresses: { ...host.addresses, list: () => [address] } },
    config: hostGw,
    leases,
    ipMasq: true,
    clock,
  })
  await overlay.ready
  const added = () =>
    host.effects.filter(effect => effect.detail?.startsWith('route replace 10.244.2.0/24 via 192.0.2.2')).length
  const before = added()
  assert.ok(before > 0)
  while (added() === before) {
    clock.advance(10_000)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.match(
    await host.files.read('/run/flannel/subnet.env'),
    /^FLANNEL_NETWORK=10\.244\.0\.0\/16\nFLANNEL_SUBNET=10\.244\.1\.1\/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n$/,
  )
  await overlay.stop()
  await leases.stop()
})
