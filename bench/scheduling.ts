/**
 * A Deployment of 2,000 pods on 200 simulated nodes, until all pods have a node and until all run: API server,
 * controllers, scheduler and simulated kubelets in one process. `sh scripts/node.sh bench/scheduling.ts [ROUNDS]`
 */
import { deployments } from '../src/api/apps/v1/deployment.ts'
import { type Pod, pods } from '../src/api/core/v1/pod.ts'
import { Informer } from '../src/client/informer.ts'
import { startCluster } from '../src/testing/start-cluster.ts'
import { benchmark, take } from './support/report.ts'
import { median, repeat } from './support/statistics.ts'

const rounds = Number(process.argv[2] ?? 3)
const [replicas, nodes] = [2000, 200]

await benchmark(import.meta.filename, async stack => {
  const took = await repeat(rounds, () => round(stack))
  const seconds = { unit: 's', better: 'less', of: rounds } as const
  return [
    { what: '2,000 pods on 200 nodes: bound', value: median(took.map(t => t.bound)), original: 15.9, ...seconds },
    { what: '2,000 pods on 200 nodes: Running', value: median(took.map(t => t.running)), ...seconds },
    { what: 'pods bound per second', value: replicas / median(took.map(t => t.bound)), unit: '/s', better: 'more' },
  ]
})

/** Seconds from the request to the last pod bound, and to the last one Running, on a cluster of its own. */
async function round(all: AsyncDisposableStack): Promise<{ bound: number; running: number }> {
  const stack = all.use(new AsyncDisposableStack())
  const cluster = await take(stack, startCluster({ nodes }))
  const { client } = cluster
  const [bound, running] = [new Set<string>(), new Set<string>()]
  const done = Promise.withResolvers<{ bound: number; running: number }>()
  let allBound = 0
  const from = performance.now()
  const seen = ({ metadata, spec, status }: Pod) => {
    if (spec.nodeName) bound.add(metadata.name)
    if (status.phase === 'Running') running.add(metadata.name)
    const now = (performance.now() - from) / 1000
    if (bound.size === replicas) allBound ||= now
    if (running.size === replicas) done.resolve({ bound: allBound, running: now })
  }
  const informer = stack.use(new Informer(client, pods, { namespace: 'default' }))
  informer.on({ added: seen, updated: seen })
  informer.start()
  const labels = { app: 'web' }
  await client.create(deployments, {
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'main',
              image: 'registry.example.com/app:1',
              resources: { requests: { cpu: '100m', memory: '64Mi' } },
            },
          ],
        },
      },
    },
  })
  const late = setTimeout(
    () => done.reject(new Error(`after 120 s ${bound.size} pods are bound and ${running.size} run`)),
    120_000,
  )
  const took = await done.promise.finally(() => clearTimeout(late))
  await stack.disposeAsync()
  return took
}
