/** Signs approved certificate requests with the cluster's authority, for the signers that Kubernetes itself defines. */
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../api/certificates/v1/certificate-signing-request.ts'
import { rfc3339 } from '../base/clock.ts'
import { isConditionTrue, setCondition } from '../machinery/conditions.ts'
import { type Csr, parseCsr, signCsr } from '../pki/csr.ts'
import type { Authority } from '../pki/issue.ts'
import { usageNamed } from '../pki/usages.ts'
import { type Controller, controller, own, type ReconcileContext } from '../reconcile/controller.ts'

export interface SigningOptions {
  /** A function is asked each time: the authority may be renewed. */
  readonly authority: Authority | (() => Authority)
  /** The longest validity given, milliseconds. Upstream's default: a year. */
  readonly longest?: number | undefined
}

const year = 365 * 24 * 3_600_000
/** Clocks of other machines may be behind. */
const backdate = 5 * 60_000
/** What is valid for less is so from now on: for long ones, the time before counts. */
const short = 8 * 3_600_000

type Rule = (csr: Csr, usages: ReadonlySet<string>) => string | undefined

const only = (usages: ReadonlySet<string>, needed: string, allowed: readonly string[]) =>
  usages.has(needed) && [...usages].every(usage => allowed.includes(usage))
    ? undefined
    : `usages did not match: they must have ${JSON.stringify(needed)} and no others than ${allowed.join(', ')}`

const clientUsages = ['key encipherment', 'digital signature', 'client auth']
const servingUsages = ['key encipherment', 'digital signature', 'server auth']

function nodeSubject({ subject, names }: Csr): string | undefined {
  if (names.email.length) return 'email subjectAltNames are not allowed'
  if (names.uri.length) return 'URI subjectAltNames are not allowed'
  if (subject.organizations.join() !== 'system:nodes') return 'organization is not system:nodes'
  return subject.commonName.startsWith('system:node:')
    ? undefined
    : 'subject common name does not begin with system:node:'
}

/** What each signer refuses; a signer that is not here is somebody else's. */
const signers: Readonly<Record<string, Rule>> = {
  'kubernetes.io/kube-apiserver-client': (_, usages) => only(usages, 'client auth', clientUsages),
  'kubernetes.io/kube-apiserver-client-kubelet': (csr, usages) =>
    nodeSubject(csr) ??
    (csr.names.dns.length || csr.names.ip.length ? 'DNS and IP subjectAltNames are not allowed' : undefined) ??
    only(usages, 'client auth', clientUsages),
  'kubernetes.io/kubelet-serving': (csr, usages) =>
    nodeSubject(csr) ??
    (csr.names.dns.length || csr.names.ip.length ? undefined : 'at least one DNS or IP subjectAltName is required') ??
    only(usages, 'server auth', servingUsages),
  'kubernetes.io/legacy-unknown': () => undefined,
}

export function certificateSigner(options: SigningOptions): Controller {
  return controller({
    name: 'csrsigning',
    watches: [own(certificateSigningRequests)],
    reconcile: async (key, context) => {
      const request = context.informers.of(certificateSigningRequests).get(key)
      if (!request || request.status.certificate) return undefined
      const { conditions } = request.status
      if (!isConditionTrue(conditions, 'Approved') || ['Denied', 'Failed'].some(t => isConditionTrue(conditions, t))) {
        return undefined
      }
      const rule = signers[request.spec.signerName]
      if (rule) await sign(request, rule, options, context)
      return undefined
    },
  })
}

async function sign(
  request: CertificateSigningRequest,
  rule: Rule,
  options: SigningOptions,
  context: ReconcileContext,
) {
  const { client, clock } = context
  const text = Buffer.from(request.spec.request, 'base64').toString('utf8')
  const refusal = refusalOf(text, request, rule)
  if (refusal) {
    const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: refusal }
    const conditions = setCondition(request.status.conditions, failed, rfc3339(clock.now()))
    await client.patch(
      certificateSigningRequests,
      request.metadata,
      { status: { conditions } },
      { subresource: 'status' },
    )
    return
  }
  const asked = (request.spec.expirationSeconds ?? Number.POSITIVE_INFINITY) * 1000
  const validity = Math.min(asked, options.longest ?? year)
  const now = clock.now()
  const authority = typeof options.authority === 'function' ? options.authority() : options.authority
  const certificate = signCsr(parseCsr(text), authority, {
    usages: (request.spec.usages ?? []).flatMap(usage => usageNamed(usage) ?? []),
    notBefore: now - backdate,
    notAfter: now + validity - (validity < short ? 0 : backdate),
  })
  const patch = { status: { certificate: Buffer.from(certificate).toString('base64') } }
  await client.patch(certificateSigningRequests, request.metadata, patch, { subresource: 'status' })
}

function refusalOf(text: string, request: CertificateSigningRequest, rule: Rule): string | undefined {
  try {
    return rule(parseCsr(text), new Set(request.spec.usages))
  } catch (error) {
    return (error as Error).message
  }
}

/** How long requests are kept, milliseconds: [issued, denied or failed, pending]. */
const kept = { issued: 3_600_000, refused: 3_600_000, pending: 24 * 3_600_000 } as const

/** Removes requests that nobody waits for any more. */
export function certificateCleaner(): Controller {
  return controller({
    name: 'csrcleaner',
    watches: [own(certificateSigningRequests)],
    reconcile: async (key, { client, informers, clock }) => {
      const request = informers.of(certificateSigningRequests).get(key)
      if (!request) return undefined
      const refused = ['Denied', 'Failed'].some(type => isConditionTrue(request.status.conditions, type))
      const state = request.status.certificate ? 'issued' : refused ? 'refused' : 'pending'
      const since = Math.max(
        Date.parse(request.metadata.creationTimestamp),
        ...(request.status.conditions ?? []).map(c => Date.parse(c.lastUpdateTime ?? '') || 0),
      )
      const left = since + kept[state] - clock.now()
      if (left > 0) return { after: left }
      await client.delete(certificateSigningRequests, request.metadata)
      return undefined
    },
  })
}
