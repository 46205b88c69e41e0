/** Who may ask the kubelet's server what. */

import { tokenReviews } from '../../api/authentication/v1/token-review.ts'
import { subjectAccessReviews } from '../../api/authorization/v1/subject-access-review.ts'
import type { Client } from '../../client/client.ts'

export interface Caller {
  readonly name: string
  readonly groups: readonly string[]
}

export interface Access {
  /** Whom a bearer token stands for; undefined: nobody. */
  authenticate(token: string): Promise<Caller | undefined>
  /** Who callers without credentials are; absent: nobody. */
  readonly anonymous?: Caller
  /** `resource` is a subresource of nodes: proxy, stats, metrics, log, healthz. */
  authorize(caller: Caller, verb: string, resource: string): Promise<boolean>
}

/** Certificates of kubeadm's clusters by which API servers come. */
const apiServerNames = new Set(['kube-apiserver-kubelet-client'])
const keptFor = 60_000
const mostKept = 1000

/** What the configuration says of who may come in. */
export interface AccessRules {
  /** Callers without credentials are system:anonymous. */
  readonly anonymous?: boolean
  /** Bearer tokens are asked about. Default true. */
  readonly tokens?: boolean
  /** Whoever is known may do everything. */
  readonly alwaysAllow?: boolean
}

const anonymous: Caller = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Masters and the API server may do anything; for others the API server is asked, and its answer kept a minute. */
export function apiAccess(client: Client | undefined, nodeName: string, rules: AccessRules = {}): Access {
  const kept = new Map<string, { readonly allowed: boolean; readonly until: number }>()
  return {
    ...(rules.anonymous && { anonymous }),
    async authenticate(token) {
      if (!client || rules.tokens === false) return undefined
      const { status } = (await client.create(tokenReviews, { spec: { token } })) as unknown as {
        status: { authenticated?: boolean; user?: { username?: string; groups?: readonly string[] } }
      }
      if (!status.authenticated) return undefined
      return { name: status.user?.username ?? '', groups: status.user?.groups ?? [] }
    },
    async authorize(caller, verb, resource) {
      if (rules.alwaysAllow) return true
      if (apiServerNames.has(caller.name) || caller.groups.includes('system:masters')) return true
      if (!client) return false
      const key = JSON.stringify([caller, verb, resource])
      const known = kept.get(key)
      if (known && known.until > Date.now()) return known.allowed
      const resourceAttributes = { verb, resource: 'nodes', subresource: resource, name: nodeName, version: 'v1' }
      const spec = { user: caller.name, groups: [...caller.groups], resourceAttributes }
      const { status } = (await client.create(subjectAccessReviews, { spec })) as unknown as {
        status: { allowed?: boolean }
      }
      const allowed = status.allowed ?? false
      kept.set(key, { allowed, until: Date.now() + keptFor })
      if (kept.size > mostKept) kept.delete(kept.keys().next().value!)
      return allowed
    },
  }
}
