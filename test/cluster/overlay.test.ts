import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Lab } from './lab/lab.ts'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { kobune } from './support/cluster.ts'
import { until } from './support/until.ts'

const skip = await missing('etcd', 'bridge', 'socat')
const node = process.execPath
const outside = '172.31.0.254'

let lab: Lab
let machines: Machine[]

before(async () => {
  if (skip) return
  lab = await Lab.create()
  machines = []
  for (const name of ['n1', 'n2', 'n3']) machines.push(await lab.machine(name))
})
after(async () => {
  await lab?.[Symbol.asyncDispose]()
})

/** Starts flanneld on a machine and waits until its network is up. */
async function flanneld(machine: Machine, args: readonly string[]): Promise<Running> {
  const running = machine.spawn(kobune, ['flanneld', '--ip-masq', '--cni-conf-dir=/etc/cni/net.d', ...args])
  await running.said('network is up', 20_000)
  return running
}

const subnetOf = async (machine: Machine) =>
  /FLANNEL_SUBNET=(\d+\.\d+\.\d+)\.1\/24/.exec(await machine.ok('cat', ['/run/flannel/subnet.env']))![1]!

/** A namespace on the machine's bridge, as a pod has it. Answers its address. */
async function pod(machine: Machine): Promise<string> {
  const subnet = await subnetOf(machine)
  const mtu = /FLANNEL_MTU=(\d+)/.exec(await machine.ok('cat', ['/run/flannel/subnet.env']))![1]
  // The kernel takes the link of a deleted namespace away when it comes to it; this way it is gone at once.
  await machine.exec('ip', ['link', 'del', 'pod0'])
  await machine.exec('ip', ['netns', 'del', 'pod'])
  await machine.ok('sh', [
    '-ec',
    `ip netns add pod
     ip link add pod0 mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns pod
     ip link set pod0 master cni0 up
     ip -n pod addr add ${subnet}.9/24 dev eth0
     ip -n pod link set eth0 up
     ip -n pod route add default via ${subnet}.1`,
  ])
  return `${subnet}.9`
}

const ping = async (from: Machine, to: string, size = 1422) => {
  const args = ['netns', 'exec', 'pod', 'busybox', 'ping', '-c', '1', '-W', '2', '-s', String(size), to]
  return (await from.exec('ip', args)).code === 0
}

/** Every pod reaches every other, with whole and with divided packets. */
async function allReachEachOther(pods: readonly string[]): Promise<void> {
  for (const [i, from] of machines.entries()) {
    for (const [j, to] of pods.entries()) {
      if (i === j) continue
      for (const size of [1422, 3000])
        assert.ok(await ping(from, to, size), `${from.name} does not reach ${to} (${size})`)
    }
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
/** etcd's own JSON form of a call; keys and values are in base 64. */
const etcd = async (call: string, body: object) =>
  JSON.parse(await lab.outside.ok('curl', ['-sf', '-d', JSON.stringify(body), `http://127.0.0.1:2379/v3/kv/${call}`]))
const put = (key: string, value: string) => etcd('put', { key: base64(key), value: base64(value) })

test('machines with an etcd get pieces of one network, VXLAN between them, and keep both over restarts', {
  skip,
}, async () => {
  await using _etcd = lab.outside.spawn('etcd', [
    ...['--data-dir=/var/lib/etcd', `--listen-client-urls=http://0.0.0.0:2379`],
    `--advertise-client-urls=http://${outside}:2379`,
  ])
  await until(
    'etcd answers',
    async () => (await lab.outside.exec('curl', ['-sf', 'http://127.0.0.1:2379/health'])).code === 0,
  )
  const args = [`--etcd-endpoints=http://${outside}:2379`]
  const first = machines[0]!
  await using waiting = first.spawn(kobune, ['flanneld', '--ip-masq', '--cni-conf-dir=/etc/cni/net.d', ...args])
  await waiting.said('waiting for the network configuration')
  await put('/coreos.com/network/config', '{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}')
  await waiting.said('network is up')
  await using second = await flanneld(machines[1]!, args)
  await using third = await flanneld(machines[2]!, args)

  const subnets = '/coreos.com/network/subnets/'
  const range = { key: base64(subnets), range_end: base64(subnets.replace(/\/$/, '0')) }
  const { kvs } = await etcd('range', range)
  assert.equal(kvs.length, 3)
  const lease = JSON.parse(Buffer.from(kvs[0].value, 'base64').toString())
  assert.equal(lease.BackendType, 'vxlan')
  assert.match(lease.BackendData.VtepMAC, /^0a:f1:0a:05:/)
  const pods: string[] = []
  for (const machine of machines) pods.push(await pod(machine))
  assert.equal(new Set(pods).size, 3)
  await until('all know each other', async () => {
    const routes = await first.ok('ip', ['route', 'show', 'dev', 'flannel.1'])
    return pods.slice(1).every(address => routes.includes(address.replace(/9$/, '0/24')))
  })
  await allReachEachOther(pods)
  // The world outside sees the machine, not the pod.
  assert.ok(await ping(first, outside))

  // The process ends, packets do not; it comes back with what it had.
  await second[Symbol.asyncDispose]()
  assert.ok(await ping(first, pods[1]!))
  await using again = await flanneld(machines[1]!, args)
  assert.equal(`${await subnetOf(machines[1]!)}.9`, pods[1])
  assert.ok(await ping(first, pods[1]!))

  // A lease that ends is forgotten by the others, and its owner takes another.
  await third[Symbol.asyncDispose]()
  await etcd('deleterange', { key: base64(`${subnets}${pods[2]!.replace(/9$/, '0-24')}`) })
  await until('the piece is forgotten', async () => {
    const known = await first.ok('sh', ['-c', 'ip route; ip neigh show dev flannel.1; bridge fdb show dev flannel.1'])
    return !known.includes(pods[2]!.replace(/9$/, '')) && !known.includes(machines[2]!.address)
  })

  // What somebody took away comes back, at the next change at the latest.
  await first.ok('ip', ['link', 'del', 'flannel.1'])
  await put('/coreos.com/network/subnets/10.5.255.0-24', '{"PublicIP":"172.31.0.99","BackendType":"alloc"}')
  await until('the tunnel is back', async () => ping(first, pods[1]!), { timeout: 15_000 })
  assert.doesNotMatch(waiting.output() + again.output(), /"level":"(error|fatal)"/)
})

test('Nodes tell each other the way by flannel’s annotations; host-gw and VXLAN; a deleted Node is forgotten', {
  skip,
}, async () => {
  await using api = lab.outside.spawn(node, [
    fileURLToPath(new URL('./support/overlay-api.ts', import.meta.url)),
    outside,
  ])
  await api.said('END OF KUBECONFIG')
  const kubeconfig = api.output().split('END OF KUBECONFIG')[0]!
  for (const machine of [...machines, lab.outside]) {
    await writeFile(machine.file('/root/kubeconfig'), kubeconfig)
    await machine.exec('rm', ['-rf', '/run/flannel'])
    await machine.exec('ip', ['link', 'del', 'flannel.1'])
    await machine.exec('ip', ['link', 'del', 'cni0'])
  }
  const kubectl = (...args: string[]) => lab.outside.ok('kubectl', ['--kubeconfig=/root/kubeconfig', ...args])
  const args = ['--kube-subnet-mgr', '--kubeconfig-file=/root/kubeconfig', '--iface=172.31.0.0/24']

  for (const [backend, option] of [
    ['udp', {}],
    ['host-gw', {}],
    ['vxlan', { VNI: 7 }],
  ] as const) {
    const config = JSON.stringify({ Network: '10.244.0.0/16', Backend: { Type: backend, ...option } })
    const running: Running[] = []
    try {
      for (const machine of machines) {
        const file = machine.file('/etc/kube-flannel/net-conf.json')
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, config)
        running.push(await flanneld(machine, args))
      }
      const pods: string[] = []
      for (const machine of machines) pods.push(await pod(machine))
      if (backend === 'udp') {
        for (const [i, machine] of machines.entries()) {
          await until('the others are known', () => ping(machine, pods[(i + 1) % 3]!))
          await until('the others are known', () => ping(machine, pods[(i + 2) % 3]!))
        }
      } else
        await until('all know each other', async () => {
          const routes = await Promise.all(machines.map(machine => machine.ok('ip', ['route'])))
          return routes.every(
            text => (text.match(backend === 'vxlan' ? /dev flannel\.7 onlink/g : /proto 203/g) ?? []).length === 2,
          )
        })
      await allReachEachOther(pods)
      if (backend === 'vxlan') {
        assert.equal(
          await kubectl(
            'get',
            'node',
            'n2',
            '-o',
            'jsonpath={.status.conditions[?(@.type=="NetworkUnavailable")].reason}',
          ),
          'FlannelIsUp',
        )
        const annotations = JSON.parse(await kubectl('get', 'node', 'n2', '-o', 'jsonpath={.metadata.annotations}'))
        const of = (name: string) => annotations[`flannel.alpha.coreos.com/${name}`]
        assert.deepEqual(
          [of('backend-type'), of('public-ip'), of('kube-subnet-manager')],
          ['vxlan', machines[1]!.address, 'true'],
        )
        assert.equal(JSON.parse(of('backend-data')).VNI, 7)
        await kubectl('delete', 'node', 'n3')
        await until('the deleted Node is forgotten', async () => {
          const known = await machines[0]!.ok('sh', [
            '-c',
            'ip route; ip neigh show dev flannel.7; bridge fdb show dev flannel.7',
          ])
          return !known.includes(pods[2]!.replace(/9$/, '')) && !known.includes(machines[2]!.address)
        })
        assert.ok(await ping(machines[0]!, pods[1]!))
      }
    } finally {
      for (const each of running) await each[Symbol.asyncDispose]()
    }
  }
  const cleanup = fileURLToPath(new URL('./support/remove-overlay.ts', import.meta.url))
  await machines[0]!.ok(node, [cleanup])
  const left = await machines[0]!.ok('sh', [
    '-c',
    'ip link; ip route; nft list tables; ls /run/flannel; ls /etc/cni/net.d',
  ])
  assert.doesNotMatch(left, /flannel\.|cni0|10\.244|flannel-ipv4|subnet\.env|conflist/)
})
