import { humanDuration } from '../../../base/duration.ts'
import { always, atomicList, bytes, int32, list, listBy, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { certificates } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class CertificateSigningRequestSpec extends certificates.type({
  expirationSeconds: int32(),
  extra: map(list(string())),
  groups: atomicList(string()),
  request: required(bytes()),
  signerName: required(string()),
  uid: string(),
  usages: atomicList(string()),
  username: string(),
}) {}

export class CertificateSigningRequestCondition extends certificates.type({
  lastTransitionTime: time(),
  lastUpdateTime: time(),
  message: string(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class CertificateSigningRequestStatus extends certificates.type({
  certificate: bytes(),
  conditions: listBy(CertificateSigningRequestCondition, ['type'], {}),
}) {}

export class CertificateSigningRequest extends certificates.object({
  spec: required(CertificateSigningRequestSpec),
  status: always(CertificateSigningRequestStatus),
}) {}

function conditionText({ status: { conditions, certificate } }: CertificateSigningRequest): string {
  const has = (type: string) => conditions?.some(condition => condition.type === type)
  const decided = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${decided}${has('Failed') ? ',Failed' : ''}${certificate ? ',Issued' : ''}`
}

export const certificateSigningRequests = certificates.resource(CertificateSigningRequest, {
  plural: 'certificatesigningrequests',
  short: ['csr'],
  namespaced: false,
  status: true,
  subresources: ['approval'],
  selectableFields: ['spec.signerName'],
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', ({ spec }) => spec.signerName),
    text('Requestor', ({ spec }) => spec.username ?? ''),
    text('RequestedDuration', ({ spec: { expirationSeconds: seconds } }) =>
      seconds === undefined ? undefined : humanDuration(seconds * 1000),
    ),
    text('Condition', conditionText),
  ],
})
