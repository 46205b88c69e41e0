import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { serviceAccounts } from '../../api/core/v1/service-account.ts'
import { type TokenClaims, TokenError, type TokenIssuer } from '../../pki/jwt.ts'
import type { Lister } from '../lister.ts'
import type { User } from '../user.ts'

/** What checking tokens reads. */
export const tokenKinds = [serviceAccounts, pods, secrets, nodes] as const

/** A deleted object's tokens stay good for so long after its time was up (milliseconds). */
const leeway = 60_000

interface Bound {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string | undefined }
}

/**
 * The user of a service account's token, with its claims. Undefined: not a token of this issuer. Throws TokenError when
 * it is one and is not good any more: expired, for others, or what it is bound to is gone.
 */
export function serviceAccountTokens(issuer: TokenIssuer, lister: Lister, now: () => number) {
  const users = new WeakMap<TokenClaims, User>()
  const alive = (what: string, object: Bound | undefined, uid: string | undefined) => {
    if (!object) throw new TokenError(`${what} has been invalidated: not found`)
    if (uid !== undefined && object.metadata.uid !== uid) throw new TokenError(`${what} UID does not match the claim`)
    const { deletionTimestamp } = object.metadata
    if (deletionTimestamp && now() > Date.parse(deletionTimestamp) + leeway)
      throw new TokenError(`${what} has been deleted`)
  }
  return (token: string, audiences?: readonly string[]): { user: User; claims: TokenClaims } | undefined => {
    const claims = issuer.verify(token, audiences)
    if (!claims) return undefined
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
    const account = lister.get(serviceAccounts, serviceaccount.name, namespace)
    alive('service account', account, serviceaccount.uid)
    if (pod) alive('pod', lister.get(pods, pod.name, namespace), pod.uid)
    if (secret) alive('secret', lister.get(secrets, secret.name, namespace), secret.uid)
    // A pod's token says where the pod is; only a token bound to the node itself ends with it.
    if (node && !pod && !secret) alive('node', lister.get(nodes, node.name), node.uid)
    let user = users.get(claims)
    if (!user) users.set(claims, (user = userOf(claims)))
    return { user, claims }
  }
}

function userOf(claims: TokenClaims): User {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io']
  const extra: Record<string, readonly string[]> = {
    'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
  }
  const add = (name: string, value: string | undefined) => {
    if (value) extra[`authentication.kubernetes.io/${name}`] = [value]
  }
  add('pod-name', pod?.name)
  add('pod-uid', pod?.uid)
  add('node-name', node?.name)
  add('node-uid', node?.uid)
  return {
    name: claims.sub,
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), 'system:authenticated'],
    extra,
  }
}

/** The groups of all service accounts of a namespace. */
export const serviceAccountGroups = (namespace: string) => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
]
