/** Reads ConfigMap kube-public/cluster-info from an API server: without verifying who that is at first, then knowing. */

import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'

export const clusterInfoPath = '/api/v1/namespaces/kube-public/configmaps/cluster-info'

/** Milliseconds for one answer: a machine that is switched off does not even refuse. */
const answerTimeout = 4_000
/** The largest cluster-info taken, bytes. */
const largest = 1 << 20

export interface Answer {
  readonly code: number
  readonly text: string
  /** The server's time, milliseconds since the epoch; undefined when it says none. */
  readonly serverTime: number | undefined
}

export interface AskOptions {
  /** PEM of who must have signed the server's certificate; `unverified`: anybody. */
  readonly trust: { readonly ca: string } | 'unverified'
  readonly token?: string
  readonly signal?: AbortSignal
}

/** GET of a path. Rejects with the socket's or TLS's own error. */
export function ask(server: string, path: string, { trust, token, signal }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const tls = trust === 'unverified' ? { rejectUnauthorized: false } : { ca: trust.ca }
    const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const call = request(
      new URL(path, server),
      // Set here, it counts for connecting, too.
      { ...tls, headers, agent: false, timeout: answerTimeout, ...(signal && { signal }) },
      response => void read(response).then(resolve, reject),
    )
    call.on('timeout', () => call.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })))
    call.on('error', reject)
    call.end()
  })
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largest) throw new Error(`the answer is larger than ${largest} bytes`)
    chunks.push(chunk)
  }
  const date = Date.parse(response.headers.date ?? '')
  return {
    code: response.statusCode!,
    text: Buffer.concat(chunks).toString('utf8'),
    serverTime: Number.isNaN(date) ? undefined : date,
  }
}

/** What a failed connection means for the one who typed the address. */
export function connectionProblem(server: string, error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const { host, hostname } = new URL(server)
  const stranger = `the certificate of ${host} is not signed by the authority of the cluster: somebody is in between, or another cluster answers there`
  const meanings: Readonly<Record<string, string>> = {
    ECONNREFUSED: `nothing listens at ${host}: is the API server up, and the port right?`,
    ETIMEDOUT: `${host} does not answer: is the address right, the machine on, and no firewall in between?`,
    EHOSTUNREACH: `there is no way to ${host}: is the address right, and the machine on?`,
    ENETUNREACH: `there is no way to the network of ${host}: ip route`,
    ENOTFOUND: `the name ${hostname} is not known: check it, and /etc/resolv.conf`,
    EAI_AGAIN: `the name ${hostname} cannot be looked up: check /etc/resolv.conf`,
    EPROTO: `what listens at ${host} does not speak TLS`,
    ECONNRESET: `${host} closed the connection: is it the API server's port?`,
    CERT_NOT_YET_VALID: `the certificate of ${host} is not valid yet by this machine's clock: check the clocks`,
    CERT_HAS_EXPIRED: `the certificate of ${host} has expired by this machine's clock: check the clocks; on the control plane: kobune certs check-expiration`,
    DEPTH_ZERO_SELF_SIGNED_CERT: stranger,
    SELF_SIGNED_CERT_IN_CHAIN: stranger,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: stranger,
    UNABLE_TO_GET_ISSUER_CERT: stranger,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: stranger,
    CERT_SIGNATURE_FAILURE: stranger,
    ERR_TLS_CERT_ALTNAME_INVALID: `the certificate of ${host} is for other names: ${message.replace(/^.*?: /, '')}`,
  }
  return meanings[code] ?? `${host}: ${message}`
}

/** Whether asking again a moment later may help. */
export function mayPass(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'EAI_AGAIN'].includes(code)
}
