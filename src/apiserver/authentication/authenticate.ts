import { statusError } from '../../machinery/status-error.ts'
import { TokenError, type TokenIssuer } from '../../pki/jwt.ts'
import { type Authenticator, bearerToken, type Credentials } from '../authenticator.ts'
import type { Lister } from '../lister.ts'
import type { User } from '../user.ts'
import { bootstrapTokens } from './bootstrap-token.ts'
import type { Verified } from './client-certificate.ts'
import { frontProxy, type ProxyHeaders, usualProxyHeaders } from './front-proxy.ts'
import { knownCertificates } from './known-certificates.ts'
import { serviceAccountTokens, tokenKinds } from './service-account-token.ts'

export interface AuthenticationOptions {
  /** PEM bundles; a function is asked at each request (rotation). */
  readonly clientCA?: string | (() => string)
  readonly frontProxyCA?: string | (() => string)
  /** Common names a front proxy's certificate may have; none: any. */
  readonly frontProxyNames?: readonly string[]
  readonly frontProxyHeaders?: ProxyHeaders
  /** Whether bootstrap tokens are good. Default true. */
  readonly bootstrapTokens?: boolean
  /** Whether requests without credentials are let through, to be authorized. Default true. */
  readonly anonymous?: boolean
  readonly tokens?: TokenIssuer
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const unauthorized = () => statusError('Unauthorized', 'Unauthorized')
const webSocketToken = /(?:^|,)\s*base64url\.bearer\.authorization\.k8s\.io\.([A-Za-z0-9_-]+)/

/**
 * Finds out who asks: a front proxy's word, a client certificate, a service account's or a bootstrap token, in that order.
 * Whatever was given and is not good makes the request fail, unless something else that was given is.
 */
export function createAuthenticator(lister: Lister, options: AuthenticationOptions): Authenticator {
  const now = options.now ?? Date.now
  const proxied =
    options.frontProxyCA === undefined
      ? undefined
      : frontProxy(
          knownCertificates(options.frontProxyCA, now),
          options.frontProxyNames ?? ['front-proxy-client'],
          options.frontProxyHeaders ?? usualProxyHeaders,
        )
  const certificate = options.clientCA === undefined ? undefined : knownCertificates(options.clientCA, now)
  const accounts = options.tokens && serviceAccountTokens(options.tokens, lister, now)
  const bootstrap = options.bootstrapTokens === false ? () => undefined : bootstrapTokens(lister, now)
  const certified = new WeakMap<Verified, User>()

  function certificateUser(chain: Credentials['certificates']): User | undefined {
    if (!certificate || chain.length === 0) return undefined
    const outcome = certificate(chain)
    if ('why' in outcome) return undefined
    const { verified } = outcome
    let user = certified.get(verified)
    if (!user) certified.set(verified, (user = certifiedUser(verified)))
    return user.name ? user : undefined
  }
  /** Throws when the token is not good. */
  function tokenUser(token: string): User | undefined {
    try {
      return accounts?.(token)?.user ?? bootstrap(token)
    } catch (error) {
      if (error instanceof TokenError) return undefined
      throw error
    }
  }
  return {
    async authenticate(credentials) {
      const user = proxied?.(credentials) ?? certificateUser(credentials.certificates)
      if (user) return user
      const token = bearerToken(credentials) || protocolToken(credentials)
      if (token === undefined) {
        if (credentials.certificates.length > 0 || options.anonymous === false) throw unauthorized()
        return undefined
      }
      const loading = lister.ready(tokenKinds)
      if (loading) await loading
      // Another server of the cluster may have made the account or pod a moment ago.
      const found = tokenUser(token) ?? (await lister.fresh().then(() => tokenUser(token)))
      if (!found) throw unauthorized()
      return found
    },
    async authenticateToken(token, audiences) {
      const loading = lister.ready(tokenKinds)
      if (loading) await loading
      const wanted = audiences.length > 0 ? audiences : (options.tokens?.audiences ?? [])
      try {
        const account = accounts?.(token, wanted)
        if (account) {
          const good = wanted.filter(one => account.claims.aud.includes(one))
          return { user: account.user, audiences: good }
        }
      } catch (error) {
        if (error instanceof TokenError) return undefined
        throw error
      }
      // Other tokens are meant for this server alone.
      const own = wanted.filter(one => options.tokens?.audiences.includes(one) ?? true)
      const user = own.length > 0 || wanted.length === 0 ? bootstrap(token) : undefined
      return user && { user, audiences: own }
    },
  }
}

function certifiedUser({ commonName, organizations }: Verified): User {
  return { name: commonName, groups: [...new Set([...organizations, 'system:authenticated'])] }
}

/** Browsers cannot set Authorization on a WebSocket: the token comes as a protocol. */
function protocolToken({ headers }: Credentials): string | undefined {
  const match = webSocketToken.exec(headers['sec-websocket-protocol'] ?? '')
  return match ? Buffer.from(match[1]!, 'base64url').toString() : undefined
}
