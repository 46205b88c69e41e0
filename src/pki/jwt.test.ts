import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { TokenError, TokenIssuer } from './jwt.ts'
import { generateKey, type KeyAlgorithm } from './keys.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const request = {
  namespace: 'shop',
  serviceAccount: { name: 'web', uid: 'u-1' },
  expiresIn: 3600,
  warnIn: 3000,
  pod: { name: 'web-0', uid: 'u-2' },
  node: { name: 'n1', uid: 'u-3' },
}

for (const algorithm of ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048'] satisfies KeyAlgorithm[]) {
  test(`a token signed with ${algorithm} is accepted by us and by another library`, async () => {
    const { privateKey } = await generateKey(algorithm)
    const tokens = new TokenIssuer({ issuer, key: privateKey })
    const { token, claims } = tokens.issue(request)
    assert.deepEqual(tokens.verify(token), claims)
    assert.deepEqual(tokens.verify(token), claims)
    const { payload } = await jwtVerify(token, createLocalJWKSet(tokens.jwks() as never), { issuer, audience: issuer })
    assert.equal(payload.sub, 'system:serviceaccount:shop:web')
    assert.equal(claims.exp - claims.iat, 3600)
    assert.equal(claims['kubernetes.io'].warnafter, claims.iat + 3000)
    const other = new TokenIssuer({
      issuer,
      key: (await generateKey()).privateKey,
      trusted: [createPublicKey(privateKey)],
    })
    assert.deepEqual(other.verify(token), claims)
  })
}

test('verify() says why a token is refused', async () => {
  let now = Date.UTC(2026, 0, 1)
  const { privateKey } = await generateKey()
  const tokens = new TokenIssuer({ issuer, key: privateKey, now: () => now })
  const { token } = tokens.issue(request)
  const [header, body, signature] = token.split('.')
  const forged = Buffer.from(Buffer.from(body!, 'base64url').toString().replace('web-0', 'web-1')).toString('base64url')
  assert.throws(() => tokens.verify(`${header}.${forged}.${signature}`), /invalid signature/)
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  assert.throws(() => tokens.verify(`${none}.${body}.`), TokenError)
  assert.throws(() => tokens.verify(token, ['vault']), /invalid for the target audiences/)
  assert.ok(tokens.verify(tokens.issue({ ...request, audiences: ['vault'] }).token, ['vault']))
  assert.equal(tokens.verify('abcdef.0123456789abcdef'), undefined)
  assert.equal(new TokenIssuer({ issuer: 'https://other', key: privateKey }).verify(token), undefined)
  assert.ok(tokens.verify(token))
  now += 3_600_000
  assert.throws(() => tokens.verify(token), /expired/)
  now -= 7_200_000
  assert.throws(() => tokens.verify(token), /not valid yet/)
})

test('discovery and key ids have the form of upstream', () => {
  // The RSA key of RFC 7515 appendix A.2 would do too; any fixed key shows that the id does not change.
  const key = createPrivateKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
    },
    format: 'jwk',
  })
  const tokens = new TokenIssuer({ issuer, key })
  assert.match(String(tokens.jwks().keys[0]?.kid), /^[\w-]{43}$/)
  assert.deepEqual(tokens.jwks().keys[0]?.alg, 'ES256')
  assert.equal('d' in tokens.jwks().keys[0]!, false)
  assert.deepEqual(tokens.discovery('https://10.0.0.1:6443/openid/v1/jwks'), {
    issuer,
    jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
})
