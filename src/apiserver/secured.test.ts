import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { serviceAccounts } from '../api/core/v1/service-account.ts'
import { clusterRoles } from '../api/rbac/v1/cluster-role.ts'
import { roleBindings } from '../api/rbac/v1/role-binding.ts'
import { logger } from '../base/log.ts'
import { type Client, createClient } from '../client/client.ts'
import { createCsr, parseCsr, signCsr } from '../pki/csr.ts'
import { ensurePki } from '../pki/ensure-pki.ts'
import { MemoryFiles } from '../pki/files.ts'
import { memoryStorage } from '../storage/memory/memory.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { secured } from './secured.ts'

interface Credentials {
  readonly cert?: string
  readonly key?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

let server: ApiServer
let master: Client
let ca = ''
let certify: (commonName: string, ...organizations: string[]) => Promise<Credentials>
let stop: () => Promise<void>

before(async () => {
  const files = new MemoryFiles()
  const names = {
    nodeName: 'n1',
    advertiseAddress: '127.0.0.1',
    serviceCIDR: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
  }
  await ensurePki('/pki', names, { files })
  const pem = async (name: string) => String(await files.read(`/pki/${name}`))
  ca = await pem('ca.crt')
  const authority = { certificate: ca, key: createPrivateKey(await pem('ca.key')) }
  certify = async (commonName, ...organizations) => {
    const { csr, key } = await createCsr({ subject: { commonName, organizations } })
    const times = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
    return { cert: signCsr(parseCsr(csr), authority, { usages: ['client auth'], ...times }), key }
  }
  const storage = memoryStorage()
  const log = logger('test')
  log.level = 'fatal'
  server = await startApiServer({
    storage,
    ...secured({ clientCA: ca, tokens: { issuer: 'https://kubernetes', key: createPrivateKey(await pem('sa.key')) } }),
    tls: { cert: await pem('apiserver.crt'), key: await pem('apiserver.key'), clientCA: ca },
    bindAddress: '127.0.0.1',
    port: 0,
    log,
  })
  await server.ready
  master = createClient(server.localTransport({ name: 'test', groups: ['system:masters'] }))
  await master.create(serviceAccounts, { metadata: { name: 'default', namespace: 'default' } })
  stop = async () => {
    await server.stop()
    await storage.close()
  }
})
after(() => stop())

function ask(method: string, path: string, { cert, key, token, headers }: Credentials = {}, body?: object) {
  const json = body && JSON.stringify(body)
  const all = {
    ...headers,
    ...(token && { authorization: `Bearer ${token}` }),
    ...(json && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(json)) }),
  }
  const tls = { ca, agent: false, ...(cert && { cert }), ...(key && { key }) } as const
  return new Promise<{ code: number; message: string; body: Record<string, unknown> }>((resolve, reject) => {
    const sent = request(server.url + path, { method, headers: all, ...tls }, async answer => {
      const said = await text(answer)
      const parsed = said.startsWith('{') ? JSON.parse(said) : {}
      resolve({ code: answer.statusCode!, message: parsed.message ?? said, body: parsed })
    })
    sent.on('error', reject).end(json)
  })
}

test('nobody sees health and the version, and nothing else', async () => {
  for (const path of ['/healthz', '/livez', '/readyz', '/version'])
    assert.equal((await ask('GET', path)).code, 200, path)
  assert.deepEqual((({ code, message }) => ({ code, message }))(await ask('GET', '/api')), {
    code: 403,
    message: 'forbidden: User "system:anonymous" cannot get path "/api"',
  })
  const { code, message } = await ask('GET', '/api/v1/namespaces/default/pods')
  assert.equal(code, 403)
  assert.equal(
    message,
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
  )
  assert.equal((await ask('GET', '/healthz', { token: 'wrong' })).code, 401)
})

test('certificates, roles and impersonation decide together', async () => {
  const admin = await certify('kubernetes-admin', 'kubeadm:cluster-admins')
  assert.equal((await ask('GET', '/api/v1/nodes', admin)).code, 200)
  const alice = await certify('alice', 'devs')
  const list = '/api/v1/namespaces/default/pods'
  assert.equal((await ask('GET', list, alice)).code, 403)
  await master.create(roleBindings, {
    metadata: { name: 'devs', namespace: 'default' },
    roleRef: { kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'Group', name: 'devs' }],
  })
  assert.equal((await ask('GET', list, alice)).code, 200)
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const created = await ask('POST', list, alice, pod)
  assert.equal(created.code, 201, created.message)
  assert.equal((created.body.spec as { serviceAccountName?: string }).serviceAccountName, 'default')
  const as = (headers: Record<string, string>) => ask('GET', list, { ...admin, headers })
  assert.equal((await as({ 'impersonate-user': 'bob' })).code, 403)
  assert.equal((await as({ 'impersonate-user': 'bob', 'impersonate-group': 'devs' })).code, 200)
  const refused = await ask('GET', list, { ...alice, headers: { 'impersonate-user': 'kubernetes-admin' } })
  assert.match(refused.message, /User "alice" cannot impersonate resource "users" in API group "" at the cluster scope/)
  const binding = {
    metadata: { name: 'more' },
    roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', name: 'alice' }],
  }
  const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings'
  assert.equal((await ask('POST', path, alice, binding)).code, 403)
  assert.equal((await ask('POST', path, admin, binding)).code, 201)
})

test('a service account asks with the token it was given', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const admin = await certify('kubernetes-admin', 'kubeadm:cluster-admins')
  const { body } = await ask('POST', path, admin, { spec: { expirationSeconds: 600 } })
  const { token } = body.status as { token: string }
  const self = await ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { token }, {})
  const { userInfo } = self.body.status as { userInfo: { username: string; groups: string[] } }
  assert.equal(userInfo.username, 'system:serviceaccount:default:default')
  assert.deepEqual(userInfo.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:default',
    'system:authenticated',
  ])
  assert.equal((await ask('GET', '/api/v1/nodes', { token })).code, 403)
})

test('the token of a pod outlives what its kubelet is told', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const admin = await certify('kubernetes-admin', 'kubeadm:cluster-admins')
  const spec = { containers: [{ name: 'c', image: 'x' }], serviceAccountName: 'default' }
  const pod = await ask('POST', '/api/v1/namespaces/default/pods', admin, { metadata: { name: 'p' }, spec })
  const { uid } = pod.body.metadata as { uid: string }
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid }
  const { body } = await ask('POST', path, admin, { spec: { expirationSeconds: 3607, boundObjectRef } })
  const { token, expirationTimestamp } = body.status as { token: string; expirationTimestamp: string }
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
  assert.equal(claims.exp - claims.iat, 365 * 24 * 3600)
  assert.equal(claims['kubernetes.io'].warnafter - claims.iat, 3607)
  assert.equal(Date.parse(expirationTimestamp) / 1000 - claims.iat, 3607)
  assert.equal((await ask('GET', '/version', { token })).code, 200)
  await ask('DELETE', '/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0', admin)
  assert.equal((await ask('GET', '/version', { token })).code, 401)
})

test('repeated headers are values of their own, commas and all', async () => {
  const admin = await certify('kubernetes-admin', 'kubeadm:cluster-admins')
  const headers = {
    'impersonate-user': 'bob',
    'impersonate-group': ['devs', 'a, b'],
    'impersonate-extra-why': ['x', 'y'],
  }
  const self = await ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { ...admin, headers }, {})
  const { userInfo } = self.body.status as { userInfo: { groups: string[]; extra: object } }
  assert.deepEqual(userInfo.groups, ['devs', 'a, b', 'system:authenticated'])
  assert.deepEqual(userInfo.extra, { why: ['x', 'y'] })
})

test('roles that aggregate show what they give, also what is added later', async () => {
  const rulesOf = async () => (await master.get(clusterRoles, { name: 'view' })).rules ?? []
  await until(async () => (await rulesOf()).length > 5)
  await master.create(clusterRoles, {
    metadata: { name: 'boats', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    rules: [{ apiGroups: ['example.com'], resources: ['boats'], verbs: ['get'] }],
  })
  await until(async () => (await rulesOf()).some(rule => rule.resources?.includes('boats')))
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i += 1) {
    if (await holds()) return
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.fail('it never came to be')
}
