/** Service account tokens of pods, asked for when needed and again after four fifths of their life. */
import type { TokenRequest } from '../../api/authentication/v1/token-request.ts'
import { serviceAccounts } from '../../api/core/v1/service-account.ts'
import type { Clock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import type { Pod } from '../pod/types.ts'

export interface Tokens {
  /** A token good for a while yet. */
  get(pod: Pod, options: { readonly audience: string | undefined; readonly expirationSeconds: number }): Promise<string>
  /** When the first of a pod's tokens wants to be replaced, milliseconds since the epoch. */
  refreshAt(podUid: string): number | undefined
  forget(podUid: string): void
  /** All have to be replaced now. */
  expire(): void
}

interface Kept {
  readonly token: string
  readonly refreshAt: number
}

/** Even a long-lived token is replaced daily. */
const longest = 24 * 3_600_000

/** Tokens from the API server; without one, asking throws. */
export function serviceAccountTokens(client: Client | undefined, clock: Clock): Tokens {
  const kept = new Map<string, Map<string, Kept>>()
  return {
    async get(pod, { audience, expirationSeconds }) {
      const { uid, name, namespace } = pod.metadata
      const key = `${audience} ${expirationSeconds}`
      const ofPod = kept.get(uid) ?? new Map<string, Kept>()
      kept.set(uid, ofPod)
      const known = ofPod.get(key)
      if (known && clock.now() < known.refreshAt) return known.token
      if (!client) throw new Error('service account tokens cannot be had without an API server')
      const spec = {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      }
      const account = { namespace, name: pod.spec.serviceAccountName || 'default' }
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
      const now = clock.now()
      const answer = await client.post<TokenRequest>(serviceAccounts, account, 'token', body)
      const { token, expirationTimestamp } = answer.status
      const life = Date.parse(expirationTimestamp ?? '') - now
      const refreshAt = now + Math.min(longest, (life > 0 ? life : expirationSeconds * 1000) * 0.8)
      ofPod.set(key, { token: token!, refreshAt })
      return token!
    },
    refreshAt(podUid) {
      const all = [...(kept.get(podUid)?.values() ?? [])].map(k => k.refreshAt)
      return all.length ? Math.min(...all) : undefined
    },
    forget: podUid => void kept.delete(podUid),
    expire: () => kept.clear(),
  }
}
