import type { TokenIssuer } from '../../pki/jwt.ts'
import type { PathHandler } from '../core.ts'

const keysPath = '/openid/v1/jwks'

/** What lets others verify service account tokens: the document on the issuer, and its public keys. */
export function issuerDiscovery(tokens: TokenIssuer): PathHandler {
  const json = (value: object, contentType = 'application/json') => ({
    code: 200,
    contentType,
    headers: { 'cache-control': 'public, max-age=3600' },
    body: Buffer.from(JSON.stringify(value)),
  })
  return ({ path }) => {
    if (path === keysPath) return json(tokens.jwks(), 'application/jwk-set+json')
    if (path === '/.well-known/openid-configuration') return json(tokens.discovery(tokens.issuer + keysPath))
    return undefined
  }
}
