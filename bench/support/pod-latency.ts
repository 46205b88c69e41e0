/**
 * Runs on a machine of a cluster: milliseconds from the request to make a pod until a watch says that it is Running, for
 * pods one by one and for as many at once. Prints JSON. usage: pod-latency.ts KUBECONFIG IMAGE COUNT
 */
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { Informer } from '../../src/client/informer.ts'
import { loadKubeconfig } from '../../src/client/kubeconfig.ts'

const [kubeconfig = '', image = '', counted = '20'] = process.argv.slice(2)
const count = Number(counted)
const namespace = 'default'
const transport = httpTransport(await loadKubeconfig(kubeconfig))
const client = createClient(transport)
const waiting = new Map<string, (state: 'running' | 'gone') => void>()
const informer = new Informer(client, pods, { namespace })
const running = ({ metadata, status }: Pod) => {
  if (status.phase === 'Running' && !metadata.deletionTimestamp) waiting.get(metadata.name)?.('running')
}
informer.on({ added: running, updated: running, deleted: ({ metadata }) => waiting.get(metadata.name)?.('gone') })
informer.start()
await informer.synced

const told = (name: string, wanted: 'running' | 'gone') =>
  new Promise<void>(resolve => waiting.set(name, state => state === wanted && resolve()))

async function make(name: string): Promise<number> {
  const ready = told(name, 'running')
  const from = performance.now()
  await client.create(pods, {
    metadata: { namespace, name },
    spec: { containers: [{ name: 'main', image, command: ['sleep', '10000'] }], terminationGracePeriodSeconds: 0 },
  })
  await ready
  return performance.now() - from
}

async function remove(name: string): Promise<void> {
  const gone = told(name, 'gone')
  await client.delete(pods, { namespace, name })
  await gone
}

const names = (prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
await make('warm-up')
await remove('warm-up')
const oneByOne: number[] = []
for (const name of names('single')) oneByOne.push(await make(name))
await Promise.all(names('single').map(remove))
const atOnce = await Promise.all(names('together').map(make))
await Promise.all(names('together').map(remove))
console.log(JSON.stringify({ oneByOne, atOnce }))
await informer.stop()
await transport.close()
