/**
 * A cluster of one machine as its user has it: `sh scripts/node.sh bench/up.ts`. In a machine of the lab (root), with
 * packages installed and images present: `up` of a new cluster and of one that was down, the server started alone, memory
 * of server and agent, and how long pods take to run.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { missing } from '../test/cluster/lab/needs.ts'
import { busybox, Cluster, kobune } from '../test/cluster/support/cluster.ts'
import { until } from '../test/cluster/support/until.ts'
import { benchmark, type Row, take } from './support/report.ts'
import { median, percentile, repeat } from './support/statistics.ts'

const rounds = Number(process.argv[2] ?? 5)
const idle = 30_000
const pods = 20
const nodeProgram = ['sh', join(import.meta.dirname, '..', 'scripts', 'node.sh')] as const
const support = (name: string) => join(import.meta.dirname, 'support', name)

await benchmark(import.meta.filename, async stack => {
  const lacking = await missing()
  if (lacking) throw new Error(lacking)
  const cluster = await take(stack, Cluster.prepare())
  await timedUp(cluster)
  await cluster.busyboxImage()
  const fresh = await repeat(rounds, () => timedAfter(cluster, forget))
  const memory = await idleMemory(cluster)
  const starts = await repeat(rounds, async () => Number(await program(cluster, 'restart-server.ts')))
  const latency = await podLatency(cluster)
  const again = await repeat(rounds, () => timedAfter(cluster, down))
  return [...upRows(fresh, again), ...memory, ...latency, startRow(starts)]
})

interface Took {
  /** Seconds from the start of the command. */
  readonly node: number
  readonly dns: number
  readonly end: number
  readonly packed: boolean
}

/** `up` after `before`; again when it had to pack our own image, because a source file was changed meanwhile. */
async function timedAfter(cluster: Cluster, before: (cluster: Cluster) => Promise<void>): Promise<Took> {
  for (let tries = 0; tries < 5; tries++) {
    await before(cluster)
    const took = await timedUp(cluster)
    if (!took.packed) return took
  }
  throw new Error('source files change all the time: no `up` had its image ready')
}

async function timedUp(cluster: Cluster): Promise<Took> {
  const from = performance.now()
  const since = () => (performance.now() - from) / 1000
  await using running = cluster.node.spawn(kobune, ['up', '--timeout', '120s'])
  const [node, dns, end] = await Promise.all([
    running.said('✓ Wait for the node').then(since),
    running.said('✓ Wait for the cluster DNS').then(since),
    running.ended.then(({ code }) => {
      if (code !== 0) throw new Error(`kobune up: ${running.output()}`)
      return since()
    }),
  ])
  if (process.env.BENCH_VERBOSE) console.log(running.output())
  return { node, dns, end, packed: running.output().includes('packing our own image') }
}

async function down(cluster: Cluster): Promise<void> {
  const { code, stdout, stderr } = await cluster.kobune(['down'])
  if (code !== 0) throw new Error(`kobune down: ${stdout}${stderr}`)
}

/** Leaves the machine as if it never had a cluster, except for the images. */
async function forget(cluster: Cluster): Promise<void> {
  await cluster.kubectl(['-n', 'kube-system', 'delete', 'deployment', 'coredns', '--timeout', '30s'])
  await until('no pod is left', async () => (await cluster.kubectl(['get', 'pods', '-A', '-o', 'name'])) === '')
  await down(cluster)
  await cluster.node.ok('sh', [
    '-ec',
    'rm -rf /etc/kubernetes /var/lib/kubelet /var/lib/kobune/server /var/lib/kobune/settings.json /root/.kube',
  ])
}

function upRows(fresh: readonly Took[], again: readonly Took[]): Row[] {
  const row = (what: string, took: readonly Took[], until: 'node' | 'dns', target?: number): Row => ({
    what,
    value: median(took.map(each => each[until])),
    unit: 's',
    better: 'less',
    of: took.length,
    ...(target !== undefined && { target }),
  })
  return [
    row('up of a new cluster: node Ready', fresh, 'node', 4),
    row('up of a new cluster: DNS ready', fresh, 'dns'),
    row('up after down: node Ready', again, 'node', 4),
  ]
}

function startRow(values: readonly number[]): Row {
  const about = { unit: 's', better: 'less', target: 0.5, original: 4.2, of: values.length } as const
  return { what: '`kobune server` of this cluster to /readyz', value: median(values), ...about }
}

/** What server and agent hold when the cluster has had nothing to do for a while. */
async function idleMemory(cluster: Cluster): Promise<Row[]> {
  await delay(idle)
  const of = async (kind: 'server' | 'agent') => {
    const text = await cluster.node.ok('cat', [`/proc/${await cluster.processOf(kind)}/smaps_rollup`])
    const megabytes = (field: string) => (Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6
    return { rss: megabytes('Rss'), pss: megabytes('Pss') }
  }
  const [server, agent] = [await of('server'), await of('agent')]
  const common = { unit: 'MB', better: 'less' } as const
  return [
    { what: 'idle memory of server and agent (RSS)', value: server.rss + agent.rss, target: 250, ...common },
    { what: 'the same, shared pages counted once (PSS)', value: server.pss + agent.pss, ...common },
    { what: 'server: API, controllers, scheduler (RSS)', value: server.rss, original: 311, ...common },
    { what: 'agent: kubelet, proxy, network (RSS)', value: agent.rss, ...common },
  ]
}

/** Runs a program of bench/support on the machine; resolves to what it prints. */
function program(cluster: Cluster, name: string, ...args: readonly string[]): Promise<string> {
  const [command, ...first] = nodeProgram
  return cluster.node.ok(command, [...first, support(name), ...args], { timeout: 180_000 })
}

async function podLatency(cluster: Cluster): Promise<Row[]> {
  const text = await program(cluster, 'pod-latency.ts', '/etc/kubernetes/admin.conf', busybox, String(pods))
  const { oneByOne, atOnce } = JSON.parse(text) as { oneByOne: number[]; atOnce: number[] }
  const row = (what: string, value: number, target?: number): Row => ({
    what,
    value: value / 1000,
    unit: 's',
    better: 'less',
    of: pods,
    ...(target !== undefined && { target }),
  })
  return [
    row('pod create to Running, one by one: median', median(oneByOne), 1),
    row('pod create to Running, one by one: p90', percentile(oneByOne, 0.9)),
    row(`pod create to Running, ${pods} at once: median`, median(atOnce)),
    row(`pod create to Running, ${pods} at once: last`, Math.max(...atOnce)),
  ]
}
