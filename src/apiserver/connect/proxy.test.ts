import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { pods } from '../../api/core/v1/pod.ts'
import { services } from '../../api/core/v1/service.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import type { AnyResource } from '../../schema/resource.ts'
import type { ConnectRequest } from '../connect.ts'
import { caches } from '../testdata/caches.ts'
import { createConnect } from './handlers.ts'
import { parseProxyName } from './proxy-name.ts'
import { rewriteHtml } from './rewrite-html.ts'

const address = Object.values(networkInterfaces())
  .flat()
  .find(one => one && !one.internal && one.family === 'IPv4')?.address

test('parseProxyName() reads scheme, name and port', () => {
  assert.deepEqual(parseProxyName('a'), { scheme: undefined, name: 'a', port: '' })
  assert.deepEqual(parseProxyName('a:80'), { scheme: undefined, name: 'a', port: '80' })
  assert.deepEqual(parseProxyName('https:a:web'), { scheme: 'https', name: 'a', port: 'web' })
  assert.equal(parseProxyName('ftp:a:21'), undefined)
})

test('rewriteHtml() leads links through the proxy, and leaves the others', () => {
  const page = `<a href="/x">1</a><img alt="y" src='/y'><a href="z">2</a><a href="http://h:1/w">3</a><a href="//other/v">4</a>`
  assert.equal(
    rewriteHtml(page, '/proxy', 'http://h:1'),
    `<a href="/proxy/x">1</a><img alt="y" src='/proxy/y'><a href="z">2</a><a href="/proxy/w">3</a><a href="//other/v">4</a>`,
  )
})

test('pods and services are proxied', { skip: !address && 'this machine has no address of its own' }, async t => {
  const backend = createServer((request, response) => {
    response.setHeader('location', '/elsewhere')
    response.setHeader('set-cookie', 'a=b')
    response.end(
      `${request.method} ${request.url} ${request.headers.authorization} ${request.headers['x-forwarded-uri']}`,
    )
  })
  await new Promise<void>(resolve => backend.listen(0, address, resolve))
  t.after(() => backend.close())
  const { port } = backend.address() as AddressInfo
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: port }] }] },
    status: { podIP: address },
  }
  const service = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 's', namespace: 'default' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  }
  const slice = {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { name: 's-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 's' } },
    ports: [{ name: 'http', port }],
    endpoints: [{ addresses: [address!] }, { addresses: ['192.0.2.1'], conditions: { ready: false } }],
  }
  await using server = await caches(slice)
  const { handlers, stop } = createConnect(server.lister, { cert: '', key: '' })
  t.after(stop)
  const ask = async (resource: AnyResource, object: object, name: string) => {
    const request: ConnectRequest = {
      user: { name: 'u', groups: [] },
      method: 'GET',
      resource,
      subresource: 'proxy',
      namespace: 'default',
      name,
      rest: '/a%20b',
      query: new URLSearchParams('q=1'),
      headers: { authorization: 'Bearer secret' },
      object: object as KubernetesObject,
      body: (async function* () {})(),
      signal: new AbortController().signal,
    }
    const reply = (await handlers[`${resource.plural}/proxy`]!(request))!
    const parts: Uint8Array[] = []
    for await (const part of reply.body) parts.push(part)
    return { headers: reply.headers, said: Buffer.concat(parts).toString() }
  }
  const forwarded = (plural: string, name: string) =>
    `GET /a%20b?q=1 undefined /api/v1/namespaces/default/${plural}/${name}/proxy/a%20b`
  for (const name of ['p', 'p:web', `http:p:${port}`]) {
    const { headers, said } = await ask(pods, pod, name)
    assert.equal(said, forwarded('pods', name))
    assert.equal(headers.location, `/api/v1/namespaces/default/pods/${name}/proxy/elsewhere`)
    assert.equal(headers['set-cookie'], undefined)
  }
  for (const name of ['s', 's:http', 's:80'])
    assert.equal((await ask(services, service, name)).said, forwarded('services', name))
  await assert.rejects(ask(services, service, 's:99'), /no service port "99" found for service "s"/)
  await server.remove(slice)
  await assert.rejects(ask(services, service, 's'), /no endpoints available for service "s"/)
  await assert.rejects(ask(pods, { ...pod, status: { podIP: '127.0.0.1' } }, 'p'), /address not allowed: 127.0.0.1/)
})
