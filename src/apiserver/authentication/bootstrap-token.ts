import { createHash, timingSafeEqual } from 'node:crypto'
import { type Secret, secrets } from '../../api/core/v1/secret.ts'
import { parseBootstrapToken } from '../../pki/bootstrap-token.ts'
import type { Lister } from '../lister.ts'
import type { User } from '../user.ts'

const group = 'system:bootstrappers'
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/** The user of a bootstrap token that a secret in kube-system knows; undefined when it is none, or not (any more) good. */
export function bootstrapTokens(lister: Lister, now: () => number) {
  return (token: string): User | undefined => {
    const parsed = parseBootstrapToken(token)
    if (!parsed) return undefined
    const secret = lister.get(secrets, `bootstrap-token-${parsed.id}`, 'kube-system')
    return secret && isGood(secret, parsed, now()) ? userOf(secret, parsed.id) : undefined
  }
}

function isGood(secret: Secret, { id, secret: given }: { id: string; secret: string }, now: number): boolean {
  if (secret.type !== 'bootstrap.kubernetes.io/token' || secret.metadata.deletionTimestamp) return false
  const expected = field(secret, 'token-secret')
  if (!expected || !sameSecret(expected, given) || field(secret, 'token-id') !== id) return false
  const expiration = field(secret, 'expiration')
  if (expiration && !(Date.parse(expiration) > now)) return false
  return field(secret, 'usage-bootstrap-authentication') === 'true'
}

/** Takes the same time wherever the texts differ. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function field(secret: Secret, name: string): string {
  const encoded = secret.data?.[name]
  return encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
}

function userOf(secret: Secret, id: string): User {
  const extra = field(secret, 'auth-extra-groups').split(',').filter(Boolean)
  // Only groups of their own kind: else whoever writes the secret could make a token for system:masters.
  const groups = [...new Set([group, ...extra.filter(one => groupPattern.test(one))])]
  return { name: `system:bootstrap:${id}`, groups: [...groups, 'system:authenticated'] }
}
