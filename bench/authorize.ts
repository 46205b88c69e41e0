/** Prints what one decision and one authentication cost: `sh scripts/node.sh bench/authorize.ts`. */

import { createAuthenticator } from '../src/apiserver/authentication/authenticate.ts'
import { createAuthorizer } from '../src/apiserver/authorization/authorizer.ts'
import { defaultRoles } from '../src/apiserver/authorization/default-roles.ts'
import { caches } from '../src/apiserver/testdata/caches.ts'
import type { User } from '../src/apiserver/user.ts'
import { TokenIssuer } from '../src/pki/jwt.ts'
import { generateKey } from '../src/pki/keys.ts'

const account = { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'bot', namespace: 'shop', uid: 'u1' } }
await using server = await caches(...defaultRoles, account)
const authorizer = createAuthorizer(server.lister)
const users: Readonly<Record<string, User>> = {
  controller: { name: 'system:serviceaccount:kube-system:replicaset-controller', groups: ['system:authenticated'] },
  scheduler: { name: 'system:kube-scheduler', groups: ['system:authenticated'] },
  master: { name: 'admin', groups: ['system:masters'] },
  nobody: { name: 'nobody', groups: ['system:authenticated'] },
}

async function measure(name: string, times: number, run: (i: number) => unknown): Promise<void> {
  for (let i = 0; i < times / 10; i += 1) await run(i)
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i += 1) {
    const result = run(i)
    if (result instanceof Promise) await result
  }
  const nanoseconds = Number(process.hrtime.bigint() - start) / times
  console.log(`${name.padEnd(44)} ${(nanoseconds / 1000).toFixed(2)} µs`)
}

for (const [name, user] of Object.entries(users)) {
  const namespaces = Array.from({ length: 50 }, (_, i) => `namespace-${i}`)
  await measure(`authorize ${name}`, 200_000, i =>
    authorizer.authorize({
      user,
      verb: 'list',
      path: '/api/v1/pods',
      group: '',
      version: 'v1',
      resource: 'pods',
      subresource: '',
      namespace: namespaces[i % 50]!,
    }),
  )
}
await measure('authorize somebody new', 20_000, i =>
  authorizer.authorize({
    user: { name: `user-${i}`, groups: ['system:authenticated'] },
    verb: 'list',
    path: '',
    resource: 'pods',
    group: '',
  }),
)
const { privateKey } = await generateKey()
const tokens = new TokenIssuer({ issuer: 'https://kubernetes', key: privateKey })
const { token } = tokens.issue({ namespace: 'shop', serviceAccount: { name: 'bot', uid: 'u1' }, expiresIn: 6000 })
const authenticator = createAuthenticator(server.lister, { tokens })
await measure('authenticate a service account', 200_000, () =>
  authenticator.authenticate({ headers: { authorization: `Bearer ${token}` }, certificates: [], remoteAddress: '' }),
)
