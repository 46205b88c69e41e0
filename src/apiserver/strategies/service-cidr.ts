import type { ServiceCIDR } from '../../api/networking/v1/service-cidr.ts'
import { formatCidr, parseCidr } from '../../base/cidr.ts'
import { fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { each, immutable, none } from '../validation/rules.ts'

/** One range, or one of each family of addresses; they stay as they are. */
export const serviceCIDRStrategy: Strategy<ServiceCIDR> = {
  validate({ spec }) {
    const cidrs = spec.cidrs ?? []
    if (cidrs.length === 0) return [fieldRequired('spec.cidrs', 'at least one CIDR required')]
    const families = cidrs.map(text => parseCidr(text)?.family)
    const twice = cidrs.length > 2 || (cidrs.length === 2 && families[0] === families[1])
    return [
      ...(twice ? [fieldInvalid('spec.cidrs', cidrs, 'may only hold up to 2 values, one of each IP family')] : none),
      ...each(cidrs, 'spec.cidrs', (text, at) => {
        const cidr = parseCidr(text)
        return cidr && formatCidr(cidr) === text
          ? none
          : [fieldInvalid(at, text, 'must be a valid CIDR in canonical form, like 10.96.0.0/12')]
      }),
    ]
  },
  validateUpdate: ({ spec }, old) => immutable(spec.cidrs, old.spec.cidrs, 'spec.cidrs'),
}
