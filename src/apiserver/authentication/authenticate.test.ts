import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { issue } from '../../pki/issue.ts'
import { TokenIssuer } from '../../pki/jwt.ts'
import { generateKey } from '../../pki/keys.ts'
import type { Usage } from '../../pki/usages.ts'
import type { Credentials } from '../authenticator.ts'
import { caches } from '../testdata/caches.ts'
import { createAuthenticator } from './authenticate.ts'
import { withImpersonation } from './impersonation.ts'

const hour = 3_600_000
const now = Date.now()
const times = { notBefore: now - hour, notAfter: now + hour }

async function authority(commonName: string) {
  const key = await generateKey()
  const usages: readonly Usage[] = ['cert sign', 'digital signature']
  const request = { subject: { commonName }, publicKey: key.publicKey, usages, authority: true, ...times }
  const certificate = issue(request, { own: key.privateKey })
  return {
    pem: certificate,
    async client(name: string, organizations: readonly string[] = [], usage: Usage = 'client auth', when = times) {
      const { publicKey } = await generateKey()
      const subject = { commonName: name, organizations }
      const pem = issue({ subject, publicKey, usages: [usage], ...when }, { certificate, key: key.privateKey })
      return [new X509Certificate(pem).raw]
    },
  }
}
const credentials = (headers: Record<string, string>, certificates: readonly Uint8Array[] = []): Credentials => ({
  headers,
  certificates,
  remoteAddress: '127.0.0.1',
})
const bearer = (token: string) => credentials({ authorization: `Bearer ${token}` })
const refused = { code: 401, message: 'Unauthorized' }

test('client certificates of the right authority name their users', async () => {
  const [ca, other] = await Promise.all([authority('kubernetes'), authority('other')])
  await using server = await caches()
  const { authenticate } = createAuthenticator(server.lister, { clientCA: ca.pem })
  const chain = await ca.client('kubernetes-admin', ['kubeadm:cluster-admins'])
  const user = await authenticate(credentials({}, chain))
  assert.deepEqual(user, { name: 'kubernetes-admin', groups: ['kubeadm:cluster-admins', 'system:authenticated'] })
  assert.equal(await authenticate(credentials({}, chain)), user, 'remembered by the connection')
  await assert.rejects(
    authenticate(credentials({}, await other.client('kubernetes-admin', ['system:masters']))),
    refused,
  )
  await assert.rejects(authenticate(credentials({}, await ca.client('server', [], 'server auth'))), refused)
  const old = { notBefore: now - 2 * hour, notAfter: now - hour }
  await assert.rejects(authenticate(credentials({}, await ca.client('old', [], 'client auth', old))), refused)
  assert.equal(await authenticate(credentials({})), undefined)
})

test('service account tokens live as long as what they are bound to', async () => {
  const account = { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'bot', namespace: 'shop', uid: 'u1' } }
  const pod = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p', namespace: 'shop', uid: 'u2' }, spec: {} }
  await using server = await caches(account, pod)
  const { privateKey } = await generateKey()
  const tokens = new TokenIssuer({ issuer: 'https://kubernetes.default.svc.cluster.local', key: privateKey })
  const authenticator = createAuthenticator(server.lister, { tokens })
  const request = { namespace: 'shop', serviceAccount: { name: 'bot', uid: 'u1' }, expiresIn: 600 }
  const { token, claims } = tokens.issue({ ...request, pod: { name: 'p', uid: 'u2' }, node: { name: 'n', uid: 'u3' } })
  const user = {
    name: 'system:serviceaccount:shop:bot',
    uid: 'u1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      'authentication.kubernetes.io/pod-name': ['p'],
      'authentication.kubernetes.io/pod-uid': ['u2'],
      'authentication.kubernetes.io/node-name': ['n'],
      'authentication.kubernetes.io/node-uid': ['u3'],
    },
  }
  assert.deepEqual(await authenticator.authenticate(bearer(token)), user)
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`
  const webSocket = credentials({ 'sec-websocket-protocol': `${protocol}, v5.channel.k8s.io` })
  assert.deepEqual(await authenticator.authenticate(webSocket), user)
  const review = await authenticator.authenticateToken!(token, [])
  assert.deepEqual(review, { user, audiences: tokens.audiences })
  const foreign = tokens.issue({ ...request, audiences: ['vault'] }).token
  await assert.rejects(authenticator.authenticate(bearer(foreign)), refused)
  assert.deepEqual((await authenticator.authenticateToken!(foreign, ['vault', 'x']))?.audiences, ['vault'])
  await assert.rejects(authenticator.authenticate(bearer('rubbish')), refused)
  await server.remove(pod)
  await assert.rejects(authenticator.authenticate(bearer(token)), refused)
  const plain = tokens.issue(request).token
  assert.equal((await authenticator.authenticate(bearer(plain)))?.name, user.name)
  await server.put({ ...account, metadata: { ...account.metadata, uid: 'another' } })
  await assert.rejects(authenticator.authenticate(bearer(plain)), refused)
})

test('bootstrap tokens are known by their secrets', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const secret = (data: Readonly<Record<string, string>>) => ({
    kind: 'Secret',
    apiVersion: 'v1',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, base64(value)])),
  })
  const good = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    expiration: new Date(now + hour).toISOString(),
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token,system:masters',
  }
  await using server = await caches(secret(good))
  const { authenticate } = createAuthenticator(server.lister, {})
  const token = bearer('abcdef.0123456789abcdef')
  assert.deepEqual(await authenticate(token), {
    name: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
  })
  await assert.rejects(authenticate(bearer('abcdef.0123456789abcdee')), refused)
  for (const wrong of [
    { expiration: new Date(now - hour).toISOString() },
    { 'usage-bootstrap-authentication': 'false' },
    { 'token-id': 'fedcba' },
  ]) {
    await server.put(secret({ ...good, ...wrong }))
    await assert.rejects(authenticate(token), refused, JSON.stringify(wrong))
  }
})

test('a front proxy with its own certificate speaks for others, nobody else does', async () => {
  const [ca, proxyCa] = await Promise.all([authority('kubernetes'), authority('front-proxy-ca')])
  await using server = await caches()
  const { authenticate } = createAuthenticator(server.lister, { clientCA: ca.pem, frontProxyCA: proxyCa.pem })
  const headers = { 'x-remote-user': 'alice', 'x-remote-group': 'devs', 'x-remote-extra-scopes%2fa': 'read' }
  assert.deepEqual(await authenticate(credentials(headers, await proxyCa.client('front-proxy-client'))), {
    name: 'alice',
    groups: ['devs', 'system:authenticated'],
    extra: { 'scopes/a': ['read'] },
  })
  const own = await authenticate(credentials(headers, await ca.client('mallory')))
  assert.equal(own?.name, 'mallory')
  await assert.rejects(authenticate(credentials(headers, await proxyCa.client('somebody'))), refused)
})

test('impersonation needs the right to each thing that is taken', async () => {
  const ca = await authority('kubernetes')
  await using server = await caches()
  const asked: string[] = []
  const authorizer = {
    authorize: ({ resource, name, namespace, subresource }: { [field: string]: unknown }) => {
      asked.push([resource, subresource, namespace, name].filter(Boolean).join('/'))
      return { allowed: name !== 'system:masters', reason: '' }
    },
  }
  const authenticator = withImpersonation(createAuthenticator(server.lister, { clientCA: ca.pem }), authorizer as never)
  const chain = await ca.client('admin')
  const as = (headers: Record<string, string>) => authenticator.authenticate(credentials(headers, chain))
  assert.deepEqual(
    await as({ 'impersonate-user': 'bob', 'impersonate-group': 'devs', 'impersonate-extra-why': 'test' }),
    {
      name: 'bob',
      groups: ['devs', 'system:authenticated'],
      extra: { why: ['test'] },
    },
  )
  assert.deepEqual(asked, ['users/bob', 'groups/devs', 'userextras/why/test'])
  assert.deepEqual((await as({ 'impersonate-user': 'system:serviceaccount:shop:bot' }))?.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:shop',
    'system:authenticated',
  ])
  assert.equal(asked.at(-1), 'serviceaccounts/shop/bot')
  await assert.rejects(as({ 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' }), {
    code: 403,
    message:
      'groups "system:masters" is forbidden: User "admin" cannot impersonate resource "groups" in API group "" at the cluster scope',
  })
  await assert.rejects(as({ 'impersonate-group': 'devs' }), { code: 400 })
})
