/** Calls as a service account, with a token that is asked for when it is needed, and renewed in time. */
import type { TokenRequest } from '../api/authentication/v1/token-request.ts'
import { serviceAccounts } from '../api/core/v1/service-account.ts'
import type { Client } from '../client/client.ts'
import { type HttpTransportOptions, httpTransport } from '../client/http-transport.ts'
import type { Transport } from '../client/transport.ts'
import { isAlreadyExists, isNotFound, StatusError } from '../machinery/status-error.ts'

const namespace = 'kube-system'
/** Seconds a token is asked for, and the part of that after which another is. */
const lifetime = 3600
const worn = 0.8

/** `client` may make accounts in kube-system and tokens for them; `to`: where, without credentials. */
export function serviceAccountTransport(client: Client, name: string, to: HttpTransportOptions): Transport {
  let token = { text: '', until: 0 }
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: lifetime } }
    const request = () =>
      client.transport.call({ verb: 'create', resource: serviceAccounts, namespace, name, subresource: 'token', body })
    const answer = await request().catch(async error => {
      if (!isNotFound(error)) throw error
      await client.create(serviceAccounts, { metadata: { name, namespace } }).catch(failure => {
        if (!isAlreadyExists(failure)) throw failure
      })
      return request()
    })
    token = { text: (answer as TokenRequest).status.token ?? '', until: Date.now() + lifetime * worn * 1000 }
  }
  const ready = async () => {
    if (Date.now() < token.until) return
    asking ??= ask().finally(() => (asking = undefined))
    await asking
  }
  /** The account may have been made anew meanwhile: one more try with another token. */
  async function withToken<T>(call: () => Promise<T>): Promise<T> {
    await ready()
    const used = token.text
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== 'Unauthorized') throw error
      if (token.text === used) token = { text: '', until: 0 }
      await ready()
      return call()
    }
  }

  const inner = httpTransport({ ...to, token: () => token.text })
  return {
    call: (call, signal) => withToken(() => inner.call(call, signal)),
    watch: (call, on, signal) => withToken(() => inner.watch(call, on, signal)),
    raw: (path, options, signal) => withToken(() => inner.raw(path, options, signal)),
    close: () => inner.close(),
  }
}
