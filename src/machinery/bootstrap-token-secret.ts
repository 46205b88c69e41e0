import type { Secret } from '../api/core/v1/secret.ts'

/** The type and namespace of the secrets that bootstrap tokens are. */
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token'
export const bootstrapTokenNamespace = 'kube-system'
const prefix = 'bootstrap-token-'

/** What such a secret says. */
export interface BootstrapTokenSecret {
  readonly id: string
  readonly secret: string
  /** Milliseconds since the epoch; 0 for a time that cannot be read; undefined: never. */
  readonly expires: number | undefined
  readonly signing: boolean
  readonly authentication: boolean
}

/** Undefined when the secret is none, or its name and its id differ. */
export function readBootstrapToken({ type, metadata, data }: Secret): BootstrapTokenSecret | undefined {
  if (type !== bootstrapTokenType || metadata.namespace !== bootstrapTokenNamespace) return undefined
  const field = (name: string) => Buffer.from(data?.[name] ?? '', 'base64').toString('utf8')
  const id = field('token-id')
  const secret = field('token-secret')
  if (!id || !secret || metadata.name !== prefix + id) return undefined
  const expiration = field('expiration')
  return {
    id,
    secret,
    expires: expiration === '' ? undefined : Date.parse(expiration) || 0,
    signing: field('usage-bootstrap-signing') === 'true',
    authentication: field('usage-bootstrap-authentication') === 'true',
  }
}
