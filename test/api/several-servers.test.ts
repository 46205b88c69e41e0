import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { leases } from '../../src/api/coordination/v1/lease.ts'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { endpoints } from '../../src/api/core/v1/endpoints.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { resourceQuotas } from '../../src/api/core/v1/resource-quota.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { serviceAccounts } from '../../src/api/core/v1/service-account.ts'
import { endpointSlices } from '../../src/api/discovery/v1/endpoint-slice.ts'
import { ipAddresses } from '../../src/api/networking/v1/ip-address.ts'
import { StatusError } from '../../src/machinery/status-error.ts'
import { type Apiserver, noEtcd, Plane } from './support/processes.ts'

const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const
const advertised = (host: string) => host.replace('127.0.0.', '192.0.2.')
const ports = [30_000, 30_039] as const

if (noEtcd) test('several API servers', { skip: noEtcd }, () => {})
else {
  let plane: Plane
  let servers: readonly Apiserver[]
  const at = (i: number) => servers[i % servers.length]!.client

  before(async () => {
    plane = await Plane.prepare(3)
    await plane.startEtcd()
    servers = await Promise.all(
      hosts.map(host =>
        plane.startApiserver(host, {
          'advertise-address': advertised(host),
          'service-node-port-range': ports.join('-'),
        }),
      ),
    )
    await Promise.all(servers.map(server => plane.ready(server)))
  })
  after(() => plane?.[Symbol.asyncDispose]())

  /** The addresses in the endpoints of the Service `kubernetes`, as one server tells them. */
  async function inEndpoints(i: number): Promise<string[]> {
    const { subsets } = await at(i).get(endpoints, { namespace: 'default', name: 'kubernetes' })
    const told = (subsets ?? []).flatMap(({ addresses }) => (addresses ?? []).map(({ ip }) => ip)).sort()
    const { items } = await at(i).list(endpointSlices, {
      namespace: 'default',
      labelSelector: 'kubernetes.io/service-name=kubernetes',
    })
    const sliced = items.flatMap(slice => (slice.endpoints ?? []).flatMap(({ addresses }) => [...addresses])).sort()
    return JSON.stringify(told) === JSON.stringify(sliced) ? told : []
  }

  test('servers that begin together make the first objects without an error, and are all in the endpoints', async () => {
    await plane.until('all are in the endpoints', async () => (await inEndpoints(0)).length === 3)
    assert.deepEqual(await inEndpoints(1), hosts.map(advertised))
    for (const { process } of servers) {
      const log = await readFile(`${plane.folder}/${process.name}.log`, 'utf8')
      assert.doesNotMatch(log, /"level":"(error|fatal)"/, log)
    }
  })

  test('what one server acknowledged, every other one shows at once, and revisions never go back', async () => {
    let last = 0
    for (let i = 0; i < 30; i += 1) {
      const key = { namespace: 'default', name: `seen-${i}` }
      const made = await at(i).create(configMaps, { metadata: key, data: { i: String(i) } })
      const [got, list] = await Promise.all([
        at(i + 1).get(configMaps, key),
        at(i + 2).list(configMaps, { namespace: 'default' }),
      ])
      assert.equal(got.metadata.resourceVersion, made.metadata.resourceVersion)
      assert.ok(list.items.some(({ metadata }) => metadata.name === key.name))
      const revision = Number(list.metadata.resourceVersion)
      assert.ok(revision >= Number(made.metadata.resourceVersion) && revision >= last)
      last = revision
    }
  })

  const refusal = (error: unknown): string => {
    if (error instanceof StatusError) return error.message
    throw error
  }

  test('Services made at different servers at the same time never share an address or a node port', async () => {
    const wanted = ports[1] - ports[0] + 1
    const make = (i: number) =>
      at(i).create(services, {
        metadata: { namespace: 'default', name: `s-${i}` },
        spec: { type: 'NodePort', selector: { a: 'b' }, ports: [{ port: 80 }] },
      })
    const made = await Promise.all(Array.from({ length: wanted }, (_, i) => make(i)))
    const all = made.map(({ spec }) => ({ ip: spec.clusterIP, port: spec.ports?.[0]?.nodePort }))
    assert.equal(new Set(all.map(({ ip }) => ip)).size, wanted)
    assert.equal(new Set(all.map(({ port }) => port)).size, wanted)
    assert.match(await make(wanted).then(() => 'made', refusal), /range is full|all are taken/)

    // What one server gave back, another one gives out, also when it is asked for by number.
    const { port } = all[0]!
    await at(0).delete(services, { namespace: 'default', name: 's-0' })
    const again = await at(1).create(services, {
      metadata: { namespace: 'default', name: 'again' },
      spec: { type: 'NodePort', selector: { a: 'b' }, ports: [{ port: 80, nodePort: port }] },
    })
    assert.equal(again.spec.ports?.[0]?.nodePort, port)
    await at(2).patch(services, again.metadata, { spec: { type: 'ClusterIP', ports: [{ port: 80 }] } })
    await at(0).create(services, {
      metadata: { namespace: 'default', name: 'once-more' },
      spec: { type: 'NodePort', selector: { a: 'b' }, ports: [{ port: 80, nodePort: port }] },
    })
  })

  test('of several who ask for the same address one gets it', async () => {
    const outcomes = await Promise.all(
      servers.map(({ client }, i) =>
        client
          .create(services, {
            metadata: { namespace: 'default', name: `same-${i}` },
            spec: { clusterIP: '10.96.77.77', selector: { a: 'b' }, ports: [{ port: 80 }] },
          })
          .then(() => 'made', refusal),
      ),
    )
    assert.equal(outcomes.filter(outcome => outcome === 'made').length, 1, outcomes.join('\n'))
    assert.equal(outcomes.filter(outcome => outcome.includes('provided IP is already allocated')).length, 2)
  })

  test('a quota is never overrun by writes at different servers', async () => {
    await at(0).create(namespaces, { metadata: { name: 'limited' } })
    await at(0).create(resourceQuotas, {
      metadata: { namespace: 'limited', name: 'q' },
      spec: { hard: { configmaps: '10' } },
    })
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        at(i)
          .create(configMaps, { metadata: { namespace: 'limited', name: `c-${i}` } })
          .then(() => 'made', refusal),
      ),
    )
    const { items } = await at(1).list(configMaps, { namespace: 'limited' })
    assert.equal(items.length, 10)
    assert.equal(outcomes.filter(outcome => outcome === 'made').length, 10)
    assert.equal(outcomes.filter(outcome => outcome.includes('exceeded quota: q')).length, 50)

    await at(0).create(serviceAccounts, { metadata: { namespace: 'limited', name: 'default' } })
    await at(0).create(resourceQuotas, {
      metadata: { namespace: 'limited', name: 'cpu' },
      spec: { hard: { 'requests.cpu': '1' } },
    })
    const resources = { requests: { cpu: '100m' } }
    const asked = await Promise.all(
      Array.from({ length: 45 }, (_, i) =>
        at(i)
          .create(pods, {
            metadata: { namespace: 'limited', name: `p-${i}` },
            spec: { containers: [{ name: 'c', image: 'x', resources }] },
          })
          .then(() => 'made', refusal),
      ),
    )
    assert.equal(asked.filter(outcome => outcome === 'made').length, 10, asked.join('\n'))
    assert.equal((await at(2).list(pods, { namespace: 'limited' })).items.length, 10)
  })

  test('each address of a Service is told as an IPAddress, whichever server gave it', async () => {
    const [{ items: all }, { items: told }] = await Promise.all([at(0).list(services), at(1).list(ipAddresses)])
    const held = all.flatMap(({ metadata, spec }) =>
      spec.clusterIP && spec.clusterIP !== 'None' ? [`${spec.clusterIP} ${metadata.namespace}/${metadata.name}`] : [],
    )
    const parents = told.map(
      ({ metadata, spec: { parentRef } }) => `${metadata.name} ${parentRef.namespace}/${parentRef.name}`,
    )
    assert.deepEqual(parents.sort(), held.sort())
  })

  test('one controller manager of three leads; another one goes on when it dies; one that lost its lease ends', async () => {
    const quick = {
      'leader-elect-lease-duration': '3s',
      'leader-elect-renew-deadline': '2s',
      'leader-elect-retry-period': '500ms',
    }
    const managers = await Promise.all(
      servers.map(({ server }, i) => plane.startControllerManager(server, quick, `manager-${i}`)),
    )
    const key = { namespace: 'kube-system', name: 'kube-controller-manager' }
    const leading = async () => {
      const said = await Promise.all(
        managers.map(({ process }) => readFile(`${plane.folder}/${process.name}.log`, 'utf8').catch(() => '')),
      )
      return said.map(text => text.match(/"identity":"([^"]+)","msg":"leading"/g)?.length ?? 0)
    }
    const holder = () =>
      plane.until('somebody leads', async () => (await at(0).get(leases, key)).spec.holderIdentity || undefined)
    const first = await holder()
    const worksFor = (namespace: string) =>
      plane.until(`the controllers work for ${namespace}`, () =>
        at(0).get(serviceAccounts, { namespace, name: 'default' }),
      )
    await worksFor('limited')
    assert.equal((await leading()).filter(count => count > 0).length, 1)
    const leader = managers[(await leading()).findIndex(count => count > 0)]!
    const died = performance.now()
    await leader.process.stop('SIGKILL')
    await at(0).create(namespaces, { metadata: { name: 'after-death' } })
    await worksFor('after-death')
    console.log(`  the next leader worked ${((performance.now() - died) / 1000).toFixed(1)} s after the first one died`)
    const second = await holder()
    assert.notEqual(second, first)

    await plane.until("the lease is a stranger's", async () => {
      const held = await at(0).get(leases, key)
      const spec = {
        ...held.spec,
        holderIdentity: 'a-stranger',
        renewTime: new Date().toISOString().replace('Z', '000Z'),
      }
      return at(0).update(leases, { ...held, spec })
    })
    await plane.until('the one that lost it has ended', async () =>
      managers.some(({ process }) => process !== leader.process && process.exitCode === 1),
    )
  })

  test('a server that stops is out of the endpoints at once, one that dies when its lease ends', async () => {
    const [, second, third] = servers
    await second!.process.stop('SIGTERM')
    assert.deepEqual(await inEndpoints(0), [hosts[0], hosts[2]].map(advertised))
    const died = performance.now()
    await third!.process.stop('SIGKILL')
    await plane.until('it is out', async () => (await inEndpoints(0)).length === 1, 25_000)
    const seconds = (performance.now() - died) / 1000
    console.log(`  a dead server was out of the endpoints after ${seconds.toFixed(1)} s`)
    assert.ok(seconds < 20)
  })

  test('a server that begins again goes on with watches from before, without a list', async () => {
    const [first, , third] = servers
    const { metadata } = await first!.client.list(configMaps, { namespace: 'default', limit: 1 })
    const names = ['x-1', 'x-2', 'x-3']
    for (const name of names) await first!.client.create(configMaps, { metadata: { namespace: 'default', name } })
    await first!.client.delete(configMaps, { namespace: 'default', name: 'x-2' })
    third!.process.again()
    await plane.ready(third!)
    const seen: string[] = []
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = new AbortController()
    const query = { watch: true, resourceVersion: metadata.resourceVersion }
    await third!.client.transport.watch(
      { verb: 'watch', resource: configMaps, namespace: 'default', query },
      {
        event({ type, object }) {
          seen.push(`${type} ${(object as { metadata: { name: string } }).metadata.name}`)
          if (seen.length === 4) resolve()
        },
        ended: error => reject(error ?? new Error('the watch ended')),
      },
      stop.signal,
    )
    await promise
    stop.abort()
    assert.deepEqual(seen, [...names.map(name => `ADDED ${name}`), 'DELETED x-2'])
  })
}
