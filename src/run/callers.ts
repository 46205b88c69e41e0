/** Who calls a component, and may they: found out from the API server, and remembered for some seconds. */

import { tokenReviews } from '../api/authentication/v1/token-review.ts'
import { subjectAccessReviews } from '../api/authorization/v1/subject-access-review.ts'
import { configMaps } from '../api/core/v1/config-map.ts'
import { knownCertificates } from '../apiserver/authentication/known-certificates.ts'
import { bearerToken } from '../apiserver/authenticator.ts'
import type { ServerRequest } from '../apiserver/request.ts'
import type { Client } from '../client/client.ts'

export interface CallerOptions {
  /** PEM of the authorities of client certificates; undefined: those that the API server publishes. */
  readonly clientCa: (() => string) | undefined
}

export interface Refusal {
  readonly code: 401 | 403
  readonly message: string
}

interface Caller {
  readonly user: string
  readonly groups: readonly string[]
}

/** Milliseconds that answers are remembered, and how many. */
const remembered = 10_000
const most = 256

/** Answers a refusal, or nothing for those who may read the path. */
export function callers(client: Client, { clientCa }: CallerOptions) {
  const users = new Remembered<Caller | undefined>()
  const rights = new Remembered<boolean>()
  const published = new Remembered<string>()
  let ca = ''
  const certificate = knownCertificates(() => ca, Date.now)

  async function certified(chain: ServerRequest['certificates']): Promise<Caller | undefined> {
    if (chain.length === 0) return undefined
    ca = clientCa?.() ?? (await published.of('', () => publishedCa(client)))
    const outcome = certificate(chain)
    if ('why' in outcome) return undefined
    const { commonName, organizations } = outcome.verified
    return { user: commonName, groups: [...organizations, 'system:authenticated'] }
  }
  const tokenUser = (token: string) =>
    users.of(token, async () => {
      const { status } = await client.create(tokenReviews, { spec: { token } })
      if (!status.authenticated || !status.user?.username) return undefined
      return { user: status.user.username, groups: status.user.groups ?? [] }
    })

  return async (request: ServerRequest): Promise<Refusal | undefined> => {
    const token = bearerToken(request)
    const caller = (await certified(request.certificates)) ?? (token ? await tokenUser(token) : undefined)
    if (!caller && token) return { code: 401, message: 'Unauthorized' }
    const { user, groups } = caller ?? { user: 'system:anonymous', groups: ['system:unauthenticated'] }
    const nonResourceAttributes = { path: request.path, verb: 'get' }
    const allowed = await rights.of(JSON.stringify([user, groups, request.path]), async () => {
      const spec = { user, groups: [...groups], nonResourceAttributes }
      return (await client.create(subjectAccessReviews, { spec })).status.allowed
    })
    if (allowed) return undefined
    return {
      code: 403,
      message: `forbidden: User ${JSON.stringify(user)} cannot get path ${JSON.stringify(request.path)}`,
    }
  }
}

/** What the API server tells others to trust. */
async function publishedCa(client: Client): Promise<string> {
  const map = await client.get(configMaps, { namespace: 'kube-system', name: 'extension-apiserver-authentication' })
  return map.data?.['client-ca-file'] ?? ''
}

/** Answers by question, for a time; failures are not kept. */
class Remembered<T> {
  readonly #answers = new Map<string, { readonly answer: Promise<T>; readonly until: number }>()

  of(question: string, ask: () => Promise<T>): Promise<T> {
    const now = Date.now()
    const known = this.#answers.get(question)
    if (known && known.until > now) return known.answer
    this.#answers.delete(question)
    if (this.#answers.size >= most) this.#answers.delete(this.#answers.keys().next().value!)
    const answer = ask()
    this.#answers.set(question, { answer, until: now + remembered })
    answer.catch(() => this.#answers.delete(question))
    return answer
  }
}
