import { always, int32, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { coordination } from '../../group-version.ts'
import { microTime } from '../../meta/v1/scalars.ts'

export class LeaseSpec extends coordination.type({
  acquireTime: microTime(),
  holderIdentity: string(),
  leaseDurationSeconds: int32(),
  leaseTransitions: int32(),
  preferredHolder: string(),
  renewTime: microTime(),
  strategy: string(),
}) {}

export class Lease extends coordination.object({
  spec: always(LeaseSpec),
}) {}

export const leases = coordination.resource(Lease, {
  plural: 'leases',
  namespaced: true,
  columns: [nameColumn, text('Holder', ({ spec }) => spec.holderIdentity ?? ''), ageColumn],
})
