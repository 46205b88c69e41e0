import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { httpClient } from './support/http.ts'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
let api: ReturnType<typeof httpClient>
const services = '/api/v1/namespaces/default/services'
const aService = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } })
before(async () => {
  server = await testServer({ serviceCIDR: '10.96.0.0/28' })
  await server.server.ready
  api = httpClient(server)
})
after(async () => {
  api.close()
  await server.stop()
})

test('the first address of the range leads to the API', async () => {
  const { body } = await api.call('GET', `${services}/kubernetes`)
  assert.deepEqual(body.spec.clusterIPs, ['10.96.0.1'])
})

test('addresses are given once, also to many at a time, and given back', async () => {
  const made = await Promise.all(Array.from({ length: 14 }, (_, i) => api.call('POST', services, aService(`s${i}`))))
  const ips = made.filter(answer => answer.code === 201).map(answer => answer.body.spec.clusterIP)
  assert.equal(new Set(ips).size, 13)
  const full = made.find(answer => answer.code !== 201)!
  assert.match(full.body.message, /range is full/)
  const gone = made.find(answer => answer.code === 201)!.body
  const same = aService('again', { clusterIP: gone.spec.clusterIP })
  const taken = await api.call('POST', services, same)
  assert.match(taken.body.message, /failed to allocate IP .*: provided IP is already allocated/)
  await api.call('DELETE', `${services}/${gone.metadata.name}`)
  assert.equal((await api.call('POST', services, same)).code, 201)
  const outside = await api.call('POST', services, aService('out', { clusterIP: '10.97.0.1' }))
  assert.match(
    outside.body.message,
    /the provided IP \(10\.97\.0\.1\) is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/28/,
  )
  assert.equal(
    (await api.call('POST', services, aService('headless', { clusterIP: 'None' }))).body.spec.clusterIPs[0],
    'None',
  )
  for (let i = 0; i < 14; i += 1) await api.call('DELETE', `${services}/s${i}`)
})

test('addresses are told as IPAddress objects of the range of ServiceCIDR kubernetes', async () => {
  const addresses = '/apis/networking.k8s.io/v1/ipaddresses'
  const { body: range } = await api.call('GET', '/apis/networking.k8s.io/v1/servicecidrs/kubernetes')
  assert.deepEqual(range.spec.cidrs, ['10.96.0.0/28'])
  assert.deepEqual(range.metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer'])
  assert.deepEqual(
    range.status.conditions.map(({ type, status }: { type: string; status: string }) => `${type} ${status}`),
    ['Ready True'],
  )
  const own = (await api.call('GET', `${addresses}/10.96.0.1`)).body
  assert.deepEqual(own.spec.parentRef, { name: 'kubernetes', namespace: 'default', resource: 'services' })

  const { body: service } = await api.call('POST', services, aService('told'))
  const { code, body: address } = await api.call('GET', `${addresses}/${service.spec.clusterIP}`)
  assert.equal(code, 200)
  assert.deepEqual(address.spec.parentRef, { name: 'told', namespace: 'default', resource: 'services' })
  assert.deepEqual(address.metadata.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  })
  await api.call('DELETE', `${services}/told`)
  assert.equal((await api.call('GET', `${addresses}/${service.spec.clusterIP}`)).code, 404)

  // An address that somebody keeps is not given out.
  const ip = service.spec.clusterIP
  const kept = {
    metadata: { name: ip },
    spec: { parentRef: { resource: 'gateways', group: 'x.io', name: 'g' } },
  }
  assert.equal((await api.call('POST', addresses, kept)).code, 201)
  const refused = await api.call('POST', services, aService('wants', { clusterIP: ip }))
  assert.match(refused.body.message, /failed to allocate IP 10\.96\.0\.\d+: provided IP is already allocated/)
  assert.equal((await api.call('DELETE', `${addresses}/${ip}`)).code, 200)
  const bad = await api.call('POST', addresses, { ...kept, metadata: { name: '10.96.0.09' } })
  assert.match(bad.body.message, /must be a valid IP address in canonical form/)
})

test('node ports are given, kept, refused and given back with the type', async () => {
  const made = await api.call('POST', services, aService('np', { type: 'NodePort' }))
  const port = made.body.spec.ports[0].nodePort
  assert.ok(port >= 30000 && port <= 32767)
  const clash = await api.call(
    'POST',
    services,
    aService('np2', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] }),
  )
  assert.equal(
    clash.body.message,
    `Service "np2" is invalid: spec.ports[0].nodePort: Invalid value: ${port}: provided port is already allocated`,
  )
  const replaced = await api.call('PUT', `${services}/np`, aService('np', { type: 'NodePort' }))
  assert.equal(replaced.body.spec.ports[0].nodePort, port)
  assert.equal(replaced.body.spec.clusterIP, made.body.spec.clusterIP)
  const plain = await api.call(
    'PATCH',
    `${services}/np`,
    { spec: { type: 'ClusterIP' } },
    { type: 'application/merge-patch+json' },
  )
  assert.equal(plain.body.spec.ports[0].nodePort, undefined)
  const free = await api.call(
    'POST',
    services,
    aService('np3', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] }),
  )
  assert.equal(free.code, 201)
})
