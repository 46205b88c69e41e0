import type { CertificateSigningRequest } from '../../api/certificates/v1/certificate-signing-request.ts'
import { parseCsr } from '../../pki/csr.ts'
import type { Operation } from '../admission.ts'
import type { Authorizer } from '../authorizer.ts'
import { deepEqual } from '../cache/json.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'

const resource = 'certificates.k8s.io/certificatesigningrequests'

/** Whether the user may do something with a signer, by its name or by its domain (`example.com/*`). */
async function maySigner(authorizer: Authorizer, { user }: Operation, verb: string, signer: string): Promise<boolean> {
  const base = { user, verb, path: '', group: 'certificates.k8s.io', version: 'v1', resource: 'signers' }
  for (const name of [signer, `${signer.split('/')[0]}/*`]) {
    const decision = await authorizer.authorize({ ...base, name })
    if (decision.allowed) return true
  }
  return false
}

async function demandSigner(authorizer: Authorizer, operation: Operation, verb: string): Promise<void> {
  const old = operation.oldObject as CertificateSigningRequest | undefined
  const signer = old?.spec.signerName ?? ''
  if (await maySigner(authorizer, operation, verb, signer)) return
  throw refuse(operation, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`)
}

/** Approving takes the right to approve for the request's signer. */
export const certificateApproval = (authorizer: Authorizer): Plugin => ({
  name: 'CertificateApproval',
  operations: ['UPDATE'],
  resources: [`${resource}/approval`],
  validate: operation => demandSigner(authorizer, operation, 'approve'),
})

/** Giving the certificate takes the right to sign for the request's signer. */
export const certificateSigning = (authorizer: Authorizer): Plugin => ({
  name: 'CertificateSigning',
  operations: ['UPDATE'],
  resources: [`${resource}/status`],
  validate(operation) {
    const { status } = operation.object as unknown as CertificateSigningRequest
    const old = (operation.oldObject as CertificateSigningRequest).status
    if (status?.certificate === old?.certificate && deepEqual(status?.conditions ?? [], old?.conditions ?? [])) return
    return demandSigner(authorizer, operation, 'sign')
  },
})

/** Nobody becomes a master by a certificate that the cluster's client signer gives. */
export const certificateSubjectRestriction: Plugin = {
  name: 'CertificateSubjectRestriction',
  operations: ['CREATE'],
  resources: [resource],
  validate(operation) {
    const { spec } = operation.object as unknown as CertificateSigningRequest
    if (spec.signerName !== 'kubernetes.io/kube-apiserver-client') return
    if (!organizations(spec.request).includes('system:masters')) return
    const why = 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed'
    throw refuse(operation, why)
  },
}

/** A request that cannot be read has none, and is for validation to refuse. */
function organizations(request: string): readonly string[] {
  try {
    return parseCsr(Buffer.from(request, 'base64').toString()).subject.organizations
  } catch {
    return []
  }
}
