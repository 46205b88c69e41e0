/**
 * Packets through the rules of mode iptables. Run by iptables-mode.test.ts in a network of its own, where `iptables` is
 * the form to be tested: a node with two pods on a bridge, and a machine outside.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { linuxHost } from '../host/host.ts'
import { iptablesMode, removeIptablesRules } from './iptables-mode.ts'
import type { ServicePort } from './service-ports.ts'
import { backends, servicePort } from './testdata/service-port.ts'

const sh = (script: string) => execFileSync('sh', ['-ec', script], { encoding: 'utf8' })
sh(`
  mount -t tmpfs tmpfs /run
  ip link set lo up
  echo 1 > /proc/sys/net/ipv4/ip_forward
  ip link add name cni0 type bridge
  ip addr add 10.244.0.1/24 dev cni0
  ip link set cni0 up
  for each in 2 3; do
    ip netns add p$each
    ip link add name v$each type veth peer name eth0 netns p$each
    ip link set v$each master cni0 up
    bridge link set dev v$each hairpin on
    ip -n p$each link set lo up
    ip -n p$each addr add 10.244.0.$each/24 dev eth0
    ip -n p$each link set eth0 up
    ip -n p$each route add default via 10.244.0.1
  done
  ip netns add out
  ip link add name uplink type veth peer name eth0 netns out
  ip addr add 192.0.2.1/24 dev uplink
  ip link set uplink up
  ip -n out addr add 192.0.2.2/24 dev eth0
  ip -n out link set eth0 up
  ip -n out route add default via 192.0.2.1
  ip route add default via 192.0.2.2
`)

const node = (where: string | undefined, script: string, ...args: string[]) => {
  const words = ['-e', script, ...args]
  return where
    ? (['ip', ['netns', 'exec', where, process.execPath, ...words]] as const)
    : ([process.execPath, words] as const)
}
/** Tells who it is and who asks. */
const server = `require('node:net').createServer(s => { s.on('error', () => {}); s.end(process.argv[1] + ' ' + s.remoteAddress) })
  .listen(8080, '0.0.0.0', () => console.log('listening'))`
const servers = ['p2', 'p3'].map(name => {
  const [command, args] = node(name, server, name)
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
})
process.on('exit', () => {
  for (const each of servers) each.kill('SIGKILL')
})
await Promise.all(servers.map(each => once(each.stdout!, 'data')))

/** Connects some times; each answer, or why there was none. */
const client = `const [to, port, times] = process.argv.slice(1); const answers = []
  const next = () => { if (answers.length == times) return console.log(JSON.stringify(answers))
    const s = require('node:net').connect(port, to); let said = ''; let why = ''
    const timer = setTimeout(() => { why = 'timeout'; s.destroy() }, 500)
    s.on('data', d => said += d).on('error', e => why = e.code).on('close', () => { clearTimeout(timer); answers.push(why || said); next() }) }
  next()`
function ask(from: string | undefined, to: string, port: number, times = 1): string[] {
  const [command, args] = node(from, client, to, String(port), String(times))
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' }))
}

const port = (more: Partial<ServicePort>) => servicePort({ nodePort: undefined, ...more })
const none = { backends: [], externalBackends: [], anywhere: false }
const balanced = (ip: string) => ({ externalIps: [ip], loadBalancerIps: [ip] })
const others = [
  port({ id: 'default/sticky', clusterIps: ['10.96.0.51'], affinity: 10_800 }),
  port({ id: 'default/local', clusterIps: ['10.96.0.52'], nodePort: 30081, externalLocal: true }),
  port({ id: 'default/none', clusterIps: ['10.96.0.53'], nodePort: 30082, ...none }),
  port({ id: 'default/in', clusterIps: ['10.96.0.54'], ...balanced('203.0.113.1'), sourceRanges: ['192.0.2.0/24'] }),
  port({
    id: 'default/barred',
    clusterIps: ['10.96.0.55'],
    ...balanced('203.0.113.2'),
    sourceRanges: ['198.51.100.0/24'],
  }),
]
const options = { host: linuxHost, podCidrs: ['10.244.0.0/16'] }
const mode = iptablesMode(options)
await mode.prepare!()
await mode.apply(4, [port({ nodePort: 30080 }), ...others])

// A pod to the Service: both answer; to itself it comes by the node's address, to the other under its own.
const fromPod = new Set(ask('p2', '10.96.0.50', 80, 30))
assert.deepEqual([...fromPod].sort(), ['p2 10.244.0.1', 'p3 10.244.0.2'])
assert.equal(new Set(ask(undefined, '10.96.0.50', 80, 30)).size, 2)
// From outside, by the node's port: with the node's address, or by the client's own where the policy keeps it.
assert.deepEqual([...new Set(ask('out', '192.0.2.1', 30080, 30))].sort(), ['p2 10.244.0.1', 'p3 10.244.0.1'])
assert.deepEqual([...new Set(ask('out', '192.0.2.1', 30081, 30))].sort(), ['p2 192.0.2.2', 'p3 192.0.2.2'])
assert.match(ask('p2', '192.0.2.1', 30081)[0]!, /^p[23] /)
assert.equal(new Set(ask('p3', '10.96.0.51', 80, 10).map(answer => answer.slice(0, 2))).size, 1)
for (const [from, to, at] of [
  ['p2', '10.96.0.53', 80],
  [undefined, '10.96.0.53', 80],
  ['out', '192.0.2.1', 30082],
] as const) {
  assert.deepEqual(ask(from, to, at), ['ECONNREFUSED'], `${from} ${to} ${at}`)
}
assert.match(ask('out', '203.0.113.1', 80)[0]!, /^p[23] /)
assert.deepEqual(ask('out', '203.0.113.2', 80), ['timeout'])

// One backend goes: a handful of lines change, and nobody is sent to it any more.
await mode.apply(4, [port({ nodePort: 30080, backends: backends(3), externalBackends: backends(3) }), ...others])
assert.deepEqual([...new Set(ask('p2', '10.96.0.50', 80, 10))], ['p3 10.244.0.2'])

// Another process takes over, without the chains of what is gone; a firewall that takes rules along is noticed.
const again = iptablesMode(options)
await again.apply(4, [port({})])
const chains = () =>
  sh('iptables-save')
    .split('\n')
    .filter(line => /^:KUBE-(SVC|SEP|SVL|EXT|FW)-/.test(line))
assert.equal(chains().length, 3)
sh('iptables -t nat -F; iptables -t nat -X; iptables -F; iptables -X')
await again.apply(4, [port({})])
assert.match(ask('p2', '10.96.0.50', 80)[0]!, /^p[23] /)

// Many Services, and how long they take.
const many = Array.from({ length: 1000 }, (_, i) =>
  port({ id: `default/s${i}:http`, clusterIps: [`10.97.${i >> 8}.${i & 255}`] }),
)
const timed = async (what: string, work: () => Promise<void>) => {
  const began = performance.now()
  await work()
  console.log(`${what}: ${Math.round(performance.now() - began)} ms`)
}
await timed('1000 Services with 2 backends each', () => again.apply(4, many))
await timed('one backend of them changes', () =>
  again.apply(4, [port({ ...many[0], backends: backends(2) }), ...many.slice(1)]),
)
assert.match(ask('p2', '10.97.3.0', 80)[0]!, /^p[23] /)
await timed('removed', () => removeIptablesRules(linuxHost))
assert.doesNotMatch(sh('iptables-save'), /KUBE-/)
console.log('scenario passed')
process.exit(0)
