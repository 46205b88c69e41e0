/** Approves the certificate requests of kubelets: client certificates for nodes, and serving ones for their own addresses. */
import { subjectAccessReviews } from '../api/authorization/v1/subject-access-review.ts'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../api/certificates/v1/certificate-signing-request.ts'
import { nodes } from '../api/core/v1/node.ts'
import { rfc3339 } from '../base/clock.ts'
import { isConditionTrue } from '../machinery/conditions.ts'
import { type Csr, parseCsr } from '../pki/csr.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'

const nodePrefix = 'system:node:'
const clientUsages = ['key encipherment', 'digital signature', 'client auth']
const servingUsages = ['key encipherment', 'digital signature', 'server auth']

export function certificateApprover(): Controller {
  return controller({
    name: 'csrapproving',
    watches: [
      own(certificateSigningRequests),
      // A node may ask before its addresses are known.
      on(nodes, ({ metadata }, { informers }) =>
        [...informers.of(certificateSigningRequests).list()]
          .filter(({ spec, status }) => !status.certificate && spec.username === nodePrefix + metadata.name)
          .map(request => request.metadata.name),
      ),
    ],
    reconcile: async (key, context) => {
      const request = context.informers.of(certificateSigningRequests).get(key)
      if (!request || request.status.certificate || decided(request)) return undefined
      const csr = readable(request)
      const reason = csr && (await reasonToApprove(request, csr, context))
      if (reason) await approve(request, reason, context)
      return undefined
    },
  })
}

export function decided(request: CertificateSigningRequest): boolean {
  return ['Approved', 'Denied', 'Failed'].some(type => isConditionTrue(request.status.conditions, type))
}

function readable(request: CertificateSigningRequest): Csr | undefined {
  try {
    return parseCsr(Buffer.from(request.spec.request, 'base64').toString('utf8'))
  } catch {
    return undefined
  }
}

/** Digital signature alone is enough for keys that cannot encipher (elliptic curves). */
function usagesAre(request: CertificateSigningRequest, allowed: readonly string[]): boolean {
  const asked = request.spec.usages ?? []
  const needed = allowed.filter(usage => usage !== 'key encipherment')
  return asked.every(usage => allowed.includes(usage)) && needed.every(usage => asked.includes(usage))
}

function isNodeSubject({ subject }: Csr): boolean {
  const { commonName, organizations } = subject
  return commonName.startsWith(nodePrefix) && organizations.length === 1 && organizations[0] === 'system:nodes'
}

async function reasonToApprove(
  request: CertificateSigningRequest,
  csr: Csr,
  context: ReconcileContext,
): Promise<string | undefined> {
  if (!isNodeSubject(csr) || csr.names.email.length || csr.names.uri.length) return undefined
  const { signerName, username } = request.spec
  const own = username === csr.subject.commonName
  if (signerName === 'kubernetes.io/kube-apiserver-client-kubelet' && usagesAre(request, clientUsages)) {
    if (csr.names.dns.length || csr.names.ip.length) return undefined
    const subresource = own ? 'selfnodeclient' : 'nodeclient'
    if (!(await mayCreate(request, subresource, context))) return undefined
    return own
      ? 'Auto approving self kubelet client certificate after SubjectAccessReview.'
      : 'Auto approving kubelet client certificate after SubjectAccessReview.'
  }
  if (signerName === 'kubernetes.io/kubelet-serving' && usagesAre(request, servingUsages)) {
    return own && namesBelongToNode(csr, context)
      ? 'Auto approving kubelet serving certificate: its names and addresses belong to the node.'
      : undefined
  }
  return undefined
}

/** Every name and address asked for is one that the Node object has. */
function namesBelongToNode(csr: Csr, { informers }: ReconcileContext): boolean {
  const name = csr.subject.commonName.slice(nodePrefix.length)
  const node = informers.of(nodes).get(name)
  if (!node) return false
  const known = new Set([name, ...(node.status.addresses ?? []).map(address => address.address)])
  const asked = [...csr.names.dns, ...csr.names.ip]
  return asked.length > 0 && asked.every(wanted => known.has(wanted))
}

async function mayCreate(
  { spec: { username, uid, groups, extra } }: CertificateSigningRequest,
  subresource: string,
  { client }: ReconcileContext,
): Promise<boolean> {
  const review = await client.create(subjectAccessReviews, {
    spec: {
      user: username,
      uid,
      groups,
      extra,
      resourceAttributes: {
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
      },
    },
  })
  return review.status.allowed
}

async function approve(request: CertificateSigningRequest, message: string, { client, clock }: ReconcileContext) {
  const now = rfc3339(clock.now())
  const approved = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  }
  const conditions = [...(request.status.conditions ?? []), approved]
  await client.update(
    certificateSigningRequests,
    { ...request, status: { ...request.status, conditions } },
    { subresource: 'approval' },
  )
}
