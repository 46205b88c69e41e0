import { createHash, createPublicKey, type KeyObject, randomUUID, sign, verify } from 'node:crypto'
import { spki } from './keys.ts'

interface Named {
  readonly name: string
  readonly uid: string
}

/** What a bound service account token says. Times are seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly serviceaccount: Named
    readonly pod?: Named
    readonly secret?: Named
    readonly node?: { readonly name: string; readonly uid?: string }
    /** From here on its use is worth a warning: the life was extended beyond what was asked for. */
    readonly warnafter?: number
  }
}

export interface TokenRequest {
  readonly namespace: string
  readonly serviceAccount: Named
  /** @default the issuer's own audiences */
  readonly audiences?: readonly string[]
  /** Seconds. */
  readonly expiresIn: number
  /** Seconds after which `warnafter` stands. */
  readonly warnIn?: number
  readonly pod?: Named
  readonly secret?: Named
  readonly node?: { readonly name: string; readonly uid?: string }
}

/** A token that is not accepted; the message says why. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
}

interface Scheme {
  readonly alg: string
  readonly hash: string
  readonly curve?: string
}

const schemes: Readonly<Record<string, Scheme>> = {
  rsa: { alg: 'RS256', hash: 'sha256' },
  prime256v1: { alg: 'ES256', hash: 'sha256', curve: 'P-256' },
  secp384r1: { alg: 'ES384', hash: 'sha384', curve: 'P-384' },
  secp521r1: { alg: 'ES512', hash: 'sha512', curve: 'P-521' },
}

/** So many verified tokens are remembered. */
const remembered = 4096

/** Signs and verifies service account tokens as upstream's API server does. Verifying is synchronous, and cheap when repeated. */
export class TokenIssuer {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly #issuers: ReadonlySet<unknown>
  #key!: KeyObject
  #header!: string
  readonly #trusted = new Map<string, { readonly key: KeyObject; readonly scheme: Scheme }>()
  /** Claims by token; the signature is good, the times have to be looked at each time. */
  readonly #verified = new Map<string, TokenClaims>()
  readonly #now: () => number

  /**
   * `trusted`: further public keys whose tokens are accepted (key rotation); `formerIssuers`: further names in accepted
   * tokens. `now` in milliseconds.
   */
  constructor(options: {
    readonly issuer: string
    readonly formerIssuers?: readonly string[]
    readonly key: KeyObject
    readonly trusted?: readonly KeyObject[]
    readonly audiences?: readonly string[]
    readonly now?: () => number
  }) {
    this.issuer = options.issuer
    this.audiences = options.audiences ?? [options.issuer]
    this.#issuers = new Set([options.issuer, ...(options.formerIssuers ?? [])])
    this.#now = options.now ?? Date.now
    this.renew(options)
  }

  /** Signs and verifies with other keys from now on. */
  renew({ key, trusted = [] }: { readonly key: KeyObject; readonly trusted?: readonly KeyObject[] }): void {
    const own = createPublicKey(key)
    const keys = [own, ...trusted].map(key => [keyId(key), { key, scheme: schemeOf(key) }] as const)
    this.#trusted.clear()
    for (const [id, trust] of keys) this.#trusted.set(id, trust)
    this.#key = key
    this.#header = base64url({ alg: schemeOf(key).alg, kid: keyId(own) })
    this.#verified.clear()
  }

  issue(request: TokenRequest): { readonly token: string; readonly claims: TokenClaims } {
    const { namespace, serviceAccount, pod, secret, node, warnIn } = request
    const now = Math.floor(this.#now() / 1000)
    const claims: TokenClaims = {
      aud: request.audiences?.length ? request.audiences : this.audiences,
      exp: now + Math.floor(request.expiresIn),
      iat: now,
      iss: this.issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(node && { node }),
        ...(pod && { pod }),
        ...(secret && { secret }),
        serviceaccount: serviceAccount,
        ...(warnIn !== undefined && { warnafter: now + Math.floor(warnIn) }),
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    }
    const content = `${this.#header}.${base64url(claims)}`
    const signature = sign(schemeOf(this.#key).hash, Buffer.from(content), {
      key: this.#key,
      dsaEncoding: 'ieee-p1363',
    })
    return { token: `${content}.${signature.toString('base64url')}`, claims }
  }

  /**
   * The claims of a token of this issuer, for one of the audiences (default: the issuer's own); undefined when it is not
   * this issuer's affair (another kind of token). Throws TokenError when it is but is not valid. Whether its service
   * account, pod and node still exist is for the caller to look up.
   */
  verify(token: string, audiences: readonly string[] = this.audiences): TokenClaims | undefined {
    const claims = this.#verified.get(token) ?? this.#read(token)
    if (!claims) return undefined
    const now = this.#now() / 1000
    if (now >= claims.exp) {
      this.#verified.delete(token)
      throw new TokenError('service account token has expired')
    }
    if (now < claims.nbf) throw new TokenError('service account token is not valid yet')
    if (!claims.aud.some(audience => audiences.includes(audience))) {
      throw new TokenError(
        `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
      )
    }
    return claims
  }

  /** The document at /.well-known/openid-configuration. */
  discovery(jwksUri: string): Readonly<Record<string, unknown>> {
    return {
      issuer: this.issuer,
      jwks_uri: jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set([...this.#trusted.values()].map(({ scheme }) => scheme.alg))],
    }
  }

  /** The document at /openid/v1/jwks. */
  jwks(): { readonly keys: readonly Readonly<Record<string, unknown>>[] } {
    const keys = [...this.#trusted].map(([kid, { key, scheme }]) => ({
      use: 'sig',
      kid,
      alg: scheme.alg,
      ...key.export({ format: 'jwk' }),
    }))
    return { keys }
  }

  #read(token: string): TokenClaims | undefined {
    const parts = token.split('.')
    if (parts.length !== 3) return undefined
    const [header = '', body = '', signature = ''] = parts
    const claims = parse(body)
    if (!claims || !this.#issuers.has(claims.iss)) return undefined
    const { alg, kid } = parse(header) ?? {}
    const candidates =
      typeof kid === 'string' && this.#trusted.has(kid) ? [this.#trusted.get(kid)!] : [...this.#trusted.values()]
    const content = Buffer.from(`${header}.${body}`)
    const bytes = Buffer.from(signature, 'base64url')
    const good = candidates.some(
      ({ key, scheme }) =>
        scheme.alg === alg && verify(scheme.hash, content, { key, dsaEncoding: 'ieee-p1363' }, bytes),
    )
    if (!good) throw new TokenError('invalid signature of the service account token')
    const whole = complete(claims)
    if (this.#verified.size >= remembered) this.#verified.delete(this.#verified.keys().next().value!)
    this.#verified.set(token, whole)
    return whole
  }
}

/** The key id that upstream uses: base64url of the SHA-256 of the DER SubjectPublicKeyInfo. */
export function keyId(key: KeyObject): string {
  return createHash('sha256').update(spki(key)).digest('base64url')
}

function schemeOf(key: KeyObject): Scheme {
  const scheme = schemes[key.asymmetricKeyType === 'rsa' ? 'rsa' : (key.asymmetricKeyDetails?.namedCurve ?? '')]
  if (!scheme)
    throw new Error(`cannot sign tokens with a key of type ${key.asymmetricKeyType}; RSA and ECDSA are supported`)
  return scheme
}

/** A signed token of ours always has all of these; one that lacks them was signed by somebody who shares the key. */
function complete(claims: Readonly<Record<string, unknown>>): TokenClaims {
  const { aud, exp, sub, nbf } = claims
  const bound = claims['kubernetes.io'] as TokenClaims['kubernetes.io'] | undefined
  const subject = `system:serviceaccount:${bound?.namespace}:${bound?.serviceaccount?.name}`
  if (typeof exp !== 'number' || !bound?.serviceaccount || sub !== subject)
    throw new TokenError('service account token lacks claims')
  const audiences = typeof aud === 'string' ? [aud] : aud
  if (!Array.isArray(audiences)) throw new TokenError('service account token has no audience')
  return { ...(claims as unknown as TokenClaims), aud: audiences, nbf: typeof nbf === 'number' ? nbf : 0 }
}

function parse(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return value && typeof value === 'object' ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
