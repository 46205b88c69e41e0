import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { InformerSet } from '../client/informer.ts'
import { MemoryApi } from '../client/memory-api.ts'
import { linuxHost } from '../host/host.ts'
import { recordingHost } from '../host/recording-host.ts'
import { ipvsMode, removeIpvsRules } from './ipvs-mode.ts'
import { addressOf, ipvsCommands, ipvsPlan, savedServers } from './ipvs-plan.ts'
import { ipvsRules } from './ipvs-rules.ts'
import { startProxy } from './proxy.ts'
import { fullScript } from './ruleset.ts'
import type { ServicePort } from './service-ports.ts'
import { backends, servicePort } from './testdata/service-port.ts'

const port = (more: Partial<ServicePort> = {}) =>
  servicePort({ externalBackends: backends(2), externalLocal: true, ...more })
const options = { nodeAddresses: ['192.0.2.1'], scheduler: 'rr' }
const dns = port({
  id: 'kube-system/dns',
  protocol: 'udp',
  port: 53,
  clusterIps: ['10.96.0.10'],
  nodePort: undefined,
  affinity: 60,
})

test('Services become virtual servers, with the node’s own addresses for their node ports', () => {
  const { addresses, servers } = ipvsPlan([port(), dns], options)
  assert.deepEqual([...addresses], ['10.96.0.50', '10.96.0.10'])
  assert.deepEqual(
    ipvsCommands(new Map(), servers, () => true),
    [
      '-A -t 10.96.0.50:80 -s rr',
      '-a -t 10.96.0.50:80 -r 10.244.0.2:8080 -m -w 1',
      '-a -t 10.96.0.50:80 -r 10.244.0.3:8080 -m -w 1',
      '-A -t 192.0.2.1:30080 -s rr',
      '-a -t 192.0.2.1:30080 -r 10.244.0.2:8080 -m -w 1',
      '-A -u 10.96.0.10:53 -s rr -p 60',
      '-a -u 10.96.0.10:53 -r 10.244.0.2:8080 -m -w 1',
      '-a -u 10.96.0.10:53 -r 10.244.0.3:8080 -m -w 1',
    ],
  )
})

test('what ipvsadm saved is changed by difference, and servers of others stay', () => {
  const saved = savedServers(
    '-A -t 10.96.0.50:80 -s rr\n-a -t 10.96.0.50:80 -r 10.244.0.2:8080 -m -w 1\n-a -t 10.96.0.50:80 -r 10.244.0.9:8080 -m -w 1\n' +
      '-A -t 10.96.0.77:80 -s rr\n-A -t 198.51.100.1:443 -s wlc\n-A -t [fd00::1]:80 -s rr\n',
  )
  const { servers } = ipvsPlan([port({ nodePort: undefined, affinity: 60 })], options)
  assert.deepEqual(
    ipvsCommands(saved, servers, server => addressOf(server).startsWith('10.96.')),
    [
      '-E -t 10.96.0.50:80 -s rr -p 60',
      '-a -t 10.96.0.50:80 -r 10.244.0.3:8080 -m -w 1',
      '-d -t 10.96.0.50:80 -r 10.244.0.9:8080',
      '-D -t 10.96.0.77:80',
    ],
  )
  assert.equal(addressOf('-t [fd00::1]:80'), 'fd00::1')
})

test('addresses come before servers, and go after them', async () => {
  const host = recordingHost({
    files: { '/proc/net/ip_vs': '', '/sys/class/net/kube-ipvs0/mtu': '1500' },
    answers: {
      'ip -j -4 address show dev kube-ipvs0': '[{"addr_info":[{"local":"10.96.0.77","scope":"global"}]}]',
      'ipvsadm --save': '-A -t 10.96.0.77:80 -s rr\n-A -t 198.51.100.1:443 -s wlc\n',
    },
  })
  const mode = ipvsMode({ host, podCidrs: ['10.244.0.0/16'], scheduler: 'lc' })
  await mode.prepare!()
  await mode.apply(4, [port({ backends: backends(2) })])
  const inputs = host.effects.filter(({ verb, detail }) => verb === 'run' && detail !== undefined)
  assert.deepEqual(
    inputs.filter(({ target }) => target !== 'nft -f -').map(({ target, detail }) => [target, detail]),
    [
      ['ip -batch -', 'address add 10.96.0.50 dev kube-ipvs0\n'],
      [
        'ipvsadm --restore',
        '-A -t 10.96.0.50:80 -s lc\n-a -t 10.96.0.50:80 -r 10.244.0.2:8080 -m -w 1\n-D -t 10.96.0.77:80\n',
      ],
      ['ip -batch -', 'address del 10.96.0.77 dev kube-ipvs0\n'],
    ],
  )
  await removeIpvsRules(host)
  assert.deepEqual(host.effects.at(-1), { verb: 'run', target: 'ip link delete kube-ipvs0' })
})

test('servers of node ports go, too, though they are on addresses of the machine', async () => {
  const table = { nftables: [{ set: { name: 'KUBE-NODE-PORT', elem: [{ concat: ['tcp', 30080] }] } }] }
  const host = recordingHost({
    files: { '/proc/net/ip_vs': '', '/sys/class/net/kube-ipvs0/mtu': '1500' },
    answers: {
      'nft -j list table ip kobune-ipvs': JSON.stringify(table),
      'nft -j list': '{"nftables":[]}',
      'ip -j -': '[]',
      'ipvsadm --save': '-A -t 192.0.2.1:30080 -s rr\n-A -u 192.0.2.1:30080 -s rr\n-A -t 198.51.100.1:443 -s wlc\n',
    },
  })
  const removed = () => host.effects.filter(({ target }) => target === 'ipvsadm --restore').map(({ detail }) => detail)
  await removeIpvsRules(host)
  assert.deepEqual(removed(), ['-D -t 192.0.2.1:30080\n'])
  const mode = ipvsMode({ host, podCidrs: [] })
  await mode.prepare!()
  await mode.apply(4, [])
  assert.deepEqual(removed(), ['-D -t 192.0.2.1:30080\n', '-D -t 192.0.2.1:30080\n'])
})

const mayNft = process.getuid?.() === 0 && spawnSync('nft', ['--version']).status === 0
test('the rules beside IPVS are a table that nft takes', { skip: mayNft ? false : 'needs root and nft' }, () => {
  for (const [family, podCidr, ip] of [
    [4, '10.244.0.0/16', '10.96.0.50'],
    [6, 'fd00:10::/64', 'fd00::50'],
  ] as const) {
    const end = { ip: family === 4 ? '10.244.0.2' : 'fd00:10::2', port: 8080 }
    const all = port({ clusterIps: [ip], backends: [end], externalBackends: [end] })
    const input = fullScript(ipvsRules([all], { family, podCidr }))
    const args = ['--net', 'sh', '-ec', 'nft -f -; nft list ruleset']
    const { status, stdout, stderr } = spawnSync('unshare', args, { input, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.match(stdout, new RegExp(`set KUBE-CLUSTER-IP \\{[^}]*${ip} \\. tcp \\. 80`))
  }
})

const here = existsSync('/proc/net/ip_vs')
test('a kernel without IPVS is told of, and nothing is laid', {
  skip: here ? 'this kernel has IPVS' : false,
}, async () => {
  const informers = new InformerSet(new MemoryApi().client)
  const host = { ...recordingHost(), files: linuxHost.files }
  const proxy = startProxy({ host, informers, nodeName: 'n1', podCidrs: [], mode: 'ipvs' })
  await assert.rejects(proxy.ready, /the kernel has no IPVS .*choose mode nftables/)
  await proxy.stop()
  assert.deepEqual(
    host.effects.map(({ target }) => target),
    ['modprobe ip_vs', 'ipvsadm --save --numeric'],
  )
  await informers.stop()
})
