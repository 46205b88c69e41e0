import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../api/core/v1/service.ts'
import { testPod } from '../pod/testdata/pods.ts'
import { containerEnv } from './container-env.ts'
import { expand } from './expand.ts'
import { serviceEnv } from './service-env.ts'

const node = { nodeName: 'n1', hostIps: ['192.0.2.1'], allocatable: { cpu: '2', memory: '4Gi' } }

async function envOf(container: object, metadata: object = {}) {
  const pod = testPod({ containers: [{ name: 'main', image: 'x', ...container }] }, { metadata })
  const { env, skipped } = await containerEnv({
    pod,
    container: pod.spec.containers[0]!,
    services: { WEB_PORT: '80', A: 'from a service' },
    node,
    podIps: ['10.0.0.2'],
    sources: {
      configMap: async name => (name === 'conf' ? { a: '1', 'b=c': '2' } : undefined),
      secret: async name => (name === 'sec' ? { pw: 'x' } : undefined),
    },
  })
  return { env: Object.fromEntries(env), skipped }
}

test('expand() replaces what is known and keeps the rest', () => {
  const table = [
    ['$(A)-$(B)', '1-$(B)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A {A} $', '$A {A} $'],
    ['$(A', '$(A'],
  ] as const
  for (const [text, expected] of table)
    assert.equal(
      expand(text, name => (name === 'A' ? '1' : undefined)),
      expected,
    )
})

test('containerEnv() lets later values use and cover earlier ones', async () => {
  const { env, skipped } = await envOf({
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'conf' } }, { secretRef: { name: 'none', optional: true } }],
    env: [
      { name: 'A', value: '$(P_a)$(WEB_PORT)' },
      { name: 'B', value: '$(A)!' },
      { name: 'PW', valueFrom: { secretKeyRef: { name: 'sec', key: 'pw' } } },
      { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'z', optional: true } } },
    ],
  })
  assert.deepEqual(env, { P_a: '1', A: '180', B: '180!', PW: 'x', WEB_PORT: '80' })
  assert.deepEqual(skipped, ['P_b=c'])
})

test('containerEnv() tells of the pod and its resources', async () => {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } })
  const resource = (resource: string, divisor?: string) => ({ valueFrom: { resourceFieldRef: { resource, divisor } } })
  const { env } = await envOf(
    {
      resources: { limits: { cpu: '1500m' }, requests: { memory: '64Mi' } },
      env: [
        { name: 'IP', ...field('status.podIP') },
        { name: 'HOST', ...field('status.hostIP') },
        { name: 'NODE', ...field('spec.nodeName') },
        { name: 'LABEL', ...field("metadata.labels['app']") },
        { name: 'CPU', ...resource('limits.cpu') },
        { name: 'MILLI', ...resource('limits.cpu', '1m') },
        { name: 'MEMORY', ...resource('requests.memory', '1Mi') },
        { name: 'UNLIMITED', ...resource('limits.memory') },
      ],
    },
    { labels: { app: 'web' } },
  )
  const { WEB_PORT: _, A: __, ...rest } = env
  const expected = {
    IP: '10.0.0.2',
    HOST: '192.0.2.1',
    NODE: 'n1',
    LABEL: 'web',
    CPU: '2',
    MILLI: '1500',
    MEMORY: '64',
  }
  assert.deepEqual(rest, { ...expected, UNLIMITED: String(4 * 2 ** 30) })
})

test('containerEnv() says what is missing', async () => {
  await assert.rejects(envOf({ envFrom: [{ configMapRef: { name: 'none' } }] }), {
    message: 'configmap "none" not found',
  })
  const missingKey = { name: 'X', valueFrom: { secretKeyRef: { name: 'sec', key: 'no' } } }
  await assert.rejects(envOf({ env: [missingKey] }), { message: "couldn't find key no in Secret default/sec" })
})

test('serviceEnv() tells of the API server always, of others only with links and in the same namespace', () => {
  const service = (namespace: string, name: string, clusterIP: string) =>
    ({
      metadata: { namespace, name },
      spec: { clusterIP, ports: [{ name: 'web', port: 80, protocol: 'TCP' }] },
    }) as unknown as Service
  const all = [
    service('default', 'kubernetes', '10.96.0.1'),
    service('a', 'my-db', '10.96.0.5'),
    service('a', 'none', 'None'),
  ]
  const linked = serviceEnv(all, { namespace: 'a', links: true })
  assert.equal(linked.KUBERNETES_SERVICE_HOST, '10.96.0.1')
  assert.deepEqual(
    Object.entries(linked).filter(([name]) => name.startsWith('MY_DB')),
    [
      ['MY_DB_SERVICE_HOST', '10.96.0.5'],
      ['MY_DB_SERVICE_PORT', '80'],
      ['MY_DB_SERVICE_PORT_WEB', '80'],
      ['MY_DB_PORT', 'tcp://10.96.0.5:80'],
      ['MY_DB_PORT_80_TCP', 'tcp://10.96.0.5:80'],
      ['MY_DB_PORT_80_TCP_PROTO', 'tcp'],
      ['MY_DB_PORT_80_TCP_PORT', '80'],
      ['MY_DB_PORT_80_TCP_ADDR', '10.96.0.5'],
    ],
  )
  assert.ok(Object.keys(serviceEnv(all, { namespace: 'a', links: false })).every(name => name.startsWith('KUBERNETES')))
})
