import type { User } from './user.ts'

/** What authentication may look at: nothing of it is trusted yet. */
export interface Credentials {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** All values of the headers that may come more than once; absent: each came once. */
  readonly repeated?: (() => Readonly<Record<string, readonly string[] | undefined>>) | undefined
  /** Certificates that the client proved to hold in the TLS handshake, leaf first, DER; chain not yet verified. */
  readonly certificates: readonly Uint8Array[]
  readonly remoteAddress: string
}

/** Finds out who asks. */
export interface Authenticator {
  /**
   * The user, or undefined when the request carries no credentials at all (the server then decides about anonymous).
   * Credentials that are there and wrong: throws a StatusError with reason Unauthorized.
   */
  authenticate(credentials: Credentials): Promise<User | undefined>
  /** The user of a bearer token and those of the audiences it is good for; undefined when it is not valid: TokenReview. */
  authenticateToken?(
    token: string,
    audiences: readonly string[],
  ): Promise<{ readonly user: User; readonly audiences: readonly string[] } | undefined>
}

/** The values of a header, each as it was sent. */
export function headerValues(
  { headers, repeated }: Pick<Credentials, 'headers' | 'repeated'>,
  name: string,
): readonly string[] {
  const once = headers[name]
  return once === undefined ? [] : (repeated?.()[name] ?? [once])
}

/** The request's bearer token, if it has one. */
export function bearerToken(credentials: Pick<Credentials, 'headers'>): string | undefined {
  const header = credentials.headers.authorization
  return header && /^bearer /i.test(header) ? header.slice(7).trim() : undefined
}
