import { isIPv4, isIPv6 } from 'node:net'
import type { IPAddress } from '../../api/networking/v1/ip-address.ts'
import { formatAddress, parseAddress } from '../../base/cidr.ts'
import { fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import type { Strategy } from '../registry/strategy.ts'
import { immutable, none } from '../validation/rules.ts'

/** Named by an address in its one canonical form, so that nobody else can take it. */
export const ipAddressStrategy: Strategy<IPAddress> = {
  name: 'path',
  validate({ metadata: { name }, spec: { parentRef } }) {
    const parsed = isIPv4(name) || isIPv6(name) ? parseAddress(name) : undefined
    const canonical = parsed && formatAddress(parsed.family, parsed.value)
    const parent = (field: 'resource' | 'name') =>
      parentRef[field] ? none : [fieldRequired(`spec.parentRef.${field}`, '')]
    return [
      ...(canonical === name
        ? none
        : [fieldInvalid('metadata.name', name, 'must be a valid IP address in canonical form')]),
      ...parent('resource'),
      ...parent('name'),
    ]
  },
  validateUpdate: ({ spec }, old) => immutable(spec.parentRef, old.spec.parentRef, 'spec.parentRef'),
}
