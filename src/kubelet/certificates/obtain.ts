/** Asks the cluster for a certificate, by a CertificateSigningRequest, and waits for it. */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/certificates/v1/certificate-signing-request.ts'
import { logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { Informer } from '../../client/informer.ts'
import { getCondition } from '../../machinery/conditions.ts'
import { isAlreadyExists } from '../../machinery/status-error.ts'
import { createCsr } from '../../pki/csr.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import type { Subject } from '../../pki/names.ts'
import type { Usage } from '../../pki/usages.ts'
import type { CertificateStore } from './certificate-store.ts'
import type { CertificatePair } from './pair.ts'

/** What is asked for. */
export interface WantedCertificate {
  readonly signerName: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving'
  readonly subject: Subject
  readonly usages: readonly Usage[]
  /** DNS names and addresses. */
  readonly names: readonly string[]
}

/** Letters and digits that Kubernetes makes names of: none that spell or look like one another. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const log = logger('kubelet')

/**
 * Resolves to the certificate, which is then the store's current one. The key is kept while the request is pending and the
 * request is named after it, so one that was interrupted, however it was, finds its request again.
 */
export async function obtainCertificate(
  wanted: WantedCertificate,
  options: {
    readonly client: Client
    readonly store: CertificateStore
    readonly now: () => number
    readonly signal: AbortSignal
  },
): Promise<CertificatePair> {
  const { client, store, now, signal } = options
  let key = await store.pendingKey()
  if (key === undefined) {
    key = privateKeyPem((await generateKey()).privateKey)
    await store.keepPendingKey(key)
  }
  const name = requestName(key, wanted)
  await ask(client, name, key, wanted)
  const answer = await decided(client, name, signal)
  const refused = ['Denied', 'Failed'].map(type => getCondition(answer.status.conditions, type)).find(Boolean)
  if (refused || !answer.status.certificate) {
    // The same request would get the same answer: the next one is another.
    await store.dropPendingKey()
    throw new Error(`certificate request ${name}: ${refused?.type ?? 'no certificate'}: ${refused?.message ?? ''}`)
  }
  const cert = Buffer.from(answer.status.certificate, 'base64').toString('utf8')
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    await store.dropPendingKey()
    throw new Error(`certificate request ${name} was answered with a certificate for another key`)
  }
  await store.save({ cert, key }, now())
  return { cert, key }
}

/** `csr-xxxxx`, the same for the same key and wishes. (If it is somebody else's, the answer does not fit the key.) */
function requestName(key: string, wanted: WantedCertificate): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const digest = createHash('sha256').update(publicKey).update(JSON.stringify(wanted)).digest()
  return `csr-${[...digest.subarray(0, 5)].map(byte => alphabet[byte % alphabet.length]).join('')}`
}

async function ask(client: Client, name: string, key: string, wanted: WantedCertificate): Promise<void> {
  const privateKey = createPrivateKey(key)
  const { csr } = await createCsr({
    subject: wanted.subject,
    names: wanted.names,
    key: { privateKey, publicKey: createPublicKey(privateKey) },
  })
  const spec = {
    request: Buffer.from(csr).toString('base64'),
    signerName: wanted.signerName,
    usages: [...wanted.usages],
  }
  try {
    await client.create(certificateSigningRequests, { metadata: { name }, spec })
    log.info({ request: name, signer: wanted.signerName }, 'asked for a certificate')
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    log.info({ request: name, signer: wanted.signerName }, 'found the certificate request of before')
  }
}

/** The request when it has its certificate, or was refused; throws when it vanishes. */
async function decided(client: Client, name: string, signal: AbortSignal): Promise<CertificateSigningRequest> {
  const done = Promise.withResolvers<CertificateSigningRequest>()
  const abort = () => done.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  const informer = new Informer(client, certificateSigningRequests, { fieldSelector: `metadata.name=${name}` })
  const look = (request: CertificateSigningRequest) => {
    const refused = ['Denied', 'Failed'].some(type => getCondition(request.status.conditions, type))
    if (request.status.certificate || refused) done.resolve(request)
  }
  const gone = () => done.reject(new Error(`certificate request ${name} was deleted before it was answered`))
  informer.on({ added: look, updated: look, deleted: gone })
  informer.start()
  void informer.synced.then(() => informer.size === 0 && gone()).catch(() => {})
  const reminder = setInterval(() => {
    const approve = `kubectl certificate approve ${name}`
    log.warn({ request: name, approve }, 'the certificate request is not approved yet; waiting')
  }, 30_000)
  try {
    return await done.promise
  } finally {
    clearInterval(reminder)
    signal.removeEventListener('abort', abort)
    await informer.stop()
  }
}
