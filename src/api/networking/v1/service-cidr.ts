import { always, atomicList, listBy, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { networking } from '../../group-version.ts'
import { Condition } from '../../meta/v1/condition.ts'

export class ServiceCIDRSpec extends networking.type({
  cidrs: atomicList(string()),
}) {}

export class ServiceCIDRStatus extends networking.type({
  conditions: listBy(Condition, ['type']),
}) {}

export class ServiceCIDR extends networking.object({
  spec: always(ServiceCIDRSpec),
  status: always(ServiceCIDRStatus),
}) {}

export const serviceCIDRs = networking.resource(ServiceCIDR, {
  plural: 'servicecidrs',
  namespaced: false,
  status: true,
  columns: [nameColumn, text('CIDRs', ({ spec }) => (spec.cidrs ?? []).join(',')), ageColumn],
})
