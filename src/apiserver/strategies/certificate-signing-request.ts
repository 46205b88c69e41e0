import type {
  CertificateSigningRequest,
  CertificateSigningRequestSpec,
} from '../../api/certificates/v1/certificate-signing-request.ts'
import { rfc3339 } from '../../base/clock.ts'
import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../machinery/field-error.ts'
import { deepCopy } from '../cache/json.ts'
import type { Draft, Strategy } from '../registry/strategy.ts'
import type { User } from '../user.ts'
import { type Errors, none } from '../validation/rules.ts'

type Conditions = CertificateSigningRequest['status']['conditions']

/** A request says who made it: the server writes that, whatever the request says of itself. */
export const certificateSigningRequestStrategy: Strategy<CertificateSigningRequest> = {
  // kubeadm and kubelet make names with upper case letters.
  name: 'path',
  generation: false,
  prepareCreate: (request, { user }) => sign(request.spec, user),
  prepareUpdate(request, old, { subresource }) {
    request.spec = deepCopy(old.spec) as Draft<CertificateSigningRequestSpec>
    if (subresource !== 'approval' && subresource !== 'status') return
    stamp(request.status.conditions, old.status.conditions)
  },
  validate: ({ spec, status }) => [...validateSpec(spec), ...validateConditions(status?.conditions)],
}

function sign(spec: Draft<CertificateSigningRequestSpec> | undefined, user: User): void {
  if (!spec) return
  spec.username = user.name
  spec.groups = [...user.groups]
  if (user.uid) spec.uid = user.uid
  else delete spec.uid
  if (user.extra) spec.extra = structuredClone(user.extra) as Record<string, string[]>
  else delete spec.extra
}

/** New conditions get the time; those that were there keep theirs. */
function stamp(conditions: Draft<NonNullable<Conditions>> | undefined, old: Conditions): void {
  const now = rfc3339(Date.now())
  for (const condition of conditions ?? []) {
    condition.lastUpdateTime ??= now
    const before = old?.find(each => each.type === condition.type && each.status === condition.status)
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? now
  }
}

const leastSeconds = 600
const header = '-----BEGIN CERTIFICATE REQUEST-----'
const signerShape = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[^/]+(\/[^/]+)*$/

function validateSpec(spec: CertificateSigningRequestSpec | undefined): Errors {
  if (!spec) return none
  const { request, signerName, usages, expirationSeconds } = spec
  const errors: FieldError[] = []
  if (request && !Buffer.from(request, 'base64').includes(header)) {
    errors.push(fieldInvalid('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST'))
  }
  if (!usages?.length) errors.push(fieldRequired('spec.usages', 'usages are required for v1'))
  for (const [i, usage] of (usages ?? []).entries()) {
    if (usages!.indexOf(usage) < i) errors.push(fieldDuplicate(`spec.usages[${i}]`, usage))
  }
  if (signerName === 'kubernetes.io/legacy-unknown') {
    const why = 'the legacy signerName is not allowed via this API version'
    errors.push(fieldInvalid('spec.signerName', signerName, why))
  } else if (signerName && !signerShape.test(signerName)) {
    const why = 'must be a fully qualified domain and path of the form "example.com/signer-name"'
    errors.push(fieldInvalid('spec.signerName', signerName, why))
  }
  if (expirationSeconds !== undefined && expirationSeconds < leastSeconds) {
    const why = `may not specify a duration less than ${leastSeconds} seconds (10 minutes)`
    errors.push(fieldInvalid('spec.expirationSeconds', expirationSeconds, why))
  }
  return errors
}

function validateConditions(conditions: Conditions): Errors {
  const errors: FieldError[] = []
  const types = (conditions ?? []).map(condition => condition.type)
  for (const [i, { type, status }] of (conditions ?? []).entries()) {
    const at = `status.conditions[${i}]`
    if (type === 'Approved' || type === 'Denied' || type === 'Failed') {
      if (status !== 'True') errors.push(fieldNotSupported(`${at}.status`, status, ['True']))
    }
    if (types.indexOf(type) < i) errors.push(fieldDuplicate(`${at}.type`, type))
  }
  if (types.includes('Approved') && types.includes('Denied')) {
    const at = `status.conditions[${types.indexOf('Denied')}].type`
    errors.push(fieldInvalid(at, 'Denied', 'Approved and Denied conditions are mutually exclusive'))
  }
  return errors
}
