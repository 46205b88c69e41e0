import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { serviceAccounts } from '../../src/api/core/v1/service-account.ts'
import { roleBindings } from '../../src/api/rbac/v1/role-binding.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { ChildServer, ServerFolder, type ServerOptions } from './child-server.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { pod } from './pod.ts'
import { take } from './report.ts'
import { rate } from './statistics.ts'
import { Watchers } from './watchers.ts'

const namespace = 'bench'
const pods = `/api/v1/namespaces/${namespace}/pods`
const count = 1000
const parallel = 32
const [watching, updates] = [100, 500]

/** The clients of one server: kept-alive connections of a user with the role `admin` in one namespace. Numbers are per second. */
export class Load {
  readonly #options: ConnectionOptions
  readonly #connections: readonly Connection[]
  readonly stop: () => Promise<void>

  private constructor(options: ConnectionOptions, connections: readonly Connection[], stop: () => Promise<void>) {
    this.#options = options
    this.#connections = connections
    this.stop = stop
  }

  static async start(options: ServerOptions, all: AsyncDisposableStack): Promise<Load> {
    const stack = all.use(new AsyncDisposableStack())
    const folder = await take(stack, ServerFolder.make())
    const flags = process.env.BENCH_SERVER_FLAGS?.split(' ') ?? []
    const url = await stack.use(new ChildServer(folder, options, flags)).url()
    await prepare(url, folder)
    const credentials = { url, ...(await folder.credentials('bench')) }
    const connections = await Promise.all(Array.from({ length: parallel }, () => Connection.open(credentials)))
    stack.defer(() => {
      for (const connection of connections) connection.close()
    })
    return new Load(credentials, connections, () => stack.disposeAsync())
  }

  /** Removes the pods. */
  async remove(): Promise<void> {
    await this.#rate(count, i => ({ method: 'DELETE', path: `${pods}/pod-${i}`, body: { gracePeriodSeconds: 0 } }))
  }

  create(): Promise<number> {
    return this.#rate(count, i => ({ method: 'POST', path: pods, body: pod(i) }))
  }

  async patch(type: string): Promise<number> {
    const annotations = { patched: `${type.length} ${Date.now()}` }
    return this.#rate(count, i => ({
      method: 'PATCH',
      path: `${pods}/pod-${i}`,
      body: { metadata: { annotations } },
      type,
    }))
  }

  /** Each answer must be the pod asked for. */
  get(): Promise<number> {
    return rate({ count: 5 * count, parallel }, async (i, worker) => {
      const name = `pod-${i % count}`
      const { body } = await this.#connections[worker]!.ask({ path: `${pods}/${name}` })
      if (!body.includes(`"name":"${name}"`)) throw new Error(`the answer is not ${name}: ${body}`)
    })
  }

  /** A query that finds so many pods. */
  async list(query: string, found: number): Promise<number> {
    const { body } = await this.#connections[0]!.ask({ path: pods + query })
    const { items } = JSON.parse(body.toString()) as { items: unknown[] }
    if (items.length !== found) throw new Error(`LIST${query} found ${items.length} pods and not ${found}`)
    return this.#rate(100, () => ({ path: pods + query }), 4)
  }

  /** From the first update to the last event at the last watcher. */
  async watch(): Promise<number> {
    const { body } = await this.#connections[0]!.ask({ path: `${pods}?limit=1` })
    const { metadata } = JSON.parse(body.toString()) as { metadata: { resourceVersion: string } }
    const path = `${pods}?watch=true&resourceVersion=${metadata.resourceVersion}`
    using watchers = await Watchers.open(watching, path, this.#options)
    const annotations = { watched: `${Date.now()}` }
    const type = 'application/merge-patch+json'
    const from = performance.now()
    const arrival = watchers.arrival(watching * updates)
    await this.#rate(
      updates,
      i => ({ method: 'PATCH', path: `${pods}/pod-${i}`, body: { metadata: { annotations } }, type }),
      8,
    )
    await arrival
    return ((watching * updates) / (performance.now() - from)) * 1000
  }

  #rate(times: number, ask: (i: number) => Parameters<Connection['ask']>[0], atATime = parallel): Promise<number> {
    return rate({ count: times, parallel: atATime }, (i, worker) => this.#connections[worker]!.ask(ask(i)))
  }
}

/** A namespace, and a user who has the role `admin` in it and nothing else. */
async function prepare(url: string, folder: ServerFolder): Promise<void> {
  const transport = httpTransport({ server: url, ...(await folder.credentials('root', ['system:masters'])) })
  const client = createClient(transport)
  await client.create(namespaces, { metadata: { name: namespace } })
  // Else the controller does it, when there is one.
  await client.create(serviceAccounts, { metadata: { namespace, name: 'default' } }).catch(() => {})
  await client.create(roleBindings, {
    metadata: { namespace, name: 'bench' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bench' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
  })
  await transport.close()
}
