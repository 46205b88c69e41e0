import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '../base/cidr.ts'
import { type Lease, macOf } from './lease.ts'
import { peerCommands, planPeers, readEntries } from './overlay-plan.ts'

const peer = (subnet: string, publicIp: string): Lease => ({
  subnet: parseCidr(subnet)!,
  publicIp,
  backendType: 'vxlan',
  backendData: { VNI: 1, VtepMAC: macOf(parseCidr(subnet)!) },
})
const far = {
  tunnel: 'flannel.1',
  external: 'eth0',
  direct: (ip: string) => ip.startsWith('192.0.2.'),
  directRouting: false,
}
const none = readEntries({ neighbours: '', forwardings: '', routes: '' }, 'flannel.1')

test('a new peer is known by its addresses before a way leads to it; a lost one loses its way first', () => {
  const plan = planPeers([peer('10.244.2.0/24', '192.0.2.2')], far)
  assert.deepEqual(peerCommands(none, plan, 'flannel.1'), {
    before: ['neigh replace 10.244.2.0 lladdr 0a:f1:0a:f4:02:00 dev flannel.1 nud permanent'],
    bridge: ['fdb replace 0a:f1:0a:f4:02:00 dev flannel.1 dst 192.0.2.2 self permanent'],
    after: ['route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink'],
  })
  assert.deepEqual(peerCommands(plan, none, 'flannel.1'), {
    before: ['route del 10.244.2.0/24 dev flannel.1'],
    bridge: ['fdb del 0a:f1:0a:f4:02:00 dev flannel.1 dst 192.0.2.2 self'],
    after: ['neigh del 10.244.2.0 dev flannel.1'],
  })
})

test('a peer that moved to another machine changes one entry', () => {
  const [before, after] = ['192.0.2.2', '192.0.2.3'].map(ip => planPeers([peer('10.244.2.0/24', ip)], far))
  assert.deepEqual(peerCommands(before!, after!, 'flannel.1'), {
    before: [],
    bridge: ['fdb replace 0a:f1:0a:f4:02:00 dev flannel.1 dst 192.0.2.3 self permanent'],
    after: [],
  })
})

test('with DirectRouting only machines of other links are reached by the tunnel; host-gw leaves those out', () => {
  const peers = [peer('10.244.2.0/24', '192.0.2.2'), peer('10.244.3.0/24', '198.51.100.3')]
  const both = planPeers(peers, { ...far, directRouting: true })
  assert.deepEqual(
    [...both.routes],
    [
      ['10.244.2.0/24', { via: '192.0.2.2', dev: 'eth0', onlink: false }],
      ['10.244.3.0/24', { via: '10.244.3.0', dev: 'flannel.1', onlink: true }],
    ],
  )
  const { tunnel: _, ...gateway } = far
  const plan = planPeers(peers, { ...gateway, directRouting: true })
  assert.deepEqual(peerCommands(none, plan, undefined).after, [
    'route replace 10.244.2.0/24 via 192.0.2.2 dev eth0 proto 203',
  ])
  assert.deepEqual(plan.unreachable, [peers[1]])
})

test('readEntries() takes our entries from what iproute2 tells, and leaves others’ routes alone', () => {
  const entries = readEntries(
    {
      neighbours: '[{"dst":"10.244.2.0","lladdr":"0a:f1:0a:f4:02:00","state":["PERMANENT"]}]',
      forwardings:
        '[{"mac":"0a:f1:0a:f4:02:00","dst":"192.0.2.2","flags":["self"],"state":"permanent"},{"mac":"33:33:00:00:00:01"}]',
      routes: JSON.stringify([
        { dst: '10.244.1.0/24', dev: 'cni0', protocol: 'kernel' },
        { dst: '10.244.2.0/24', gateway: '10.244.2.0', dev: 'flannel.1', flags: ['onlink'] },
        { dst: '10.244.8.0/24', gateway: '192.0.2.8', dev: 'eth0', protocol: '203' },
        { dst: '10.244.9.0/24', gateway: '192.0.2.9', dev: 'eth0', protocol: 'static' },
      ]),
    },
    'flannel.1',
  )
  assert.deepEqual([...entries.routes.keys()], ['10.244.2.0/24', '10.244.8.0/24'])
  assert.deepEqual([...entries.forwardings], [['0a:f1:0a:f4:02:00', '192.0.2.2']])
  const plan = planPeers([peer('10.244.2.0/24', '192.0.2.2')], far)
  assert.deepEqual(peerCommands(entries, plan, 'flannel.1'), {
    before: ['route del 10.244.8.0/24 dev eth0'],
    bridge: [],
    after: [],
  })
})
