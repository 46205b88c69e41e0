import { isIPv4, isIPv6 } from 'node:net'
import type { EndpointSlice } from '../../api/discovery/v1/endpoint-slice.ts'
import { type FieldError, fieldInvalid, fieldRequired, fieldTooMany } from '../../machinery/field-error.ts'
import { dnsSubdomain } from '../../machinery/names.ts'
import type { Strategy } from '../registry/strategy.ts'
import { type Errors, each, immutable, named, none, oneOf } from '../validation/rules.ts'

const mostAddresses = 100

/** Addresses of one type, which stays. */
export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  generation: true,
  validate({ addressType, endpoints, ports }) {
    return [
      ...oneOf(addressType || undefined, 'addressType', ['FQDN', 'IPv4', 'IPv6']),
      ...each(endpoints, 'endpoints', ({ addresses }, at) =>
        validateAddresses(addresses, `${at}.addresses`, addressType),
      ),
      ...each(ports, 'ports', ({ protocol }, at) => oneOf(protocol, `${at}.protocol`, ['SCTP', 'TCP', 'UDP'])),
    ]
  },
  validateUpdate: (slice, old) => immutable(slice.addressType, old.addressType, 'addressType'),
}

function validateAddresses(addresses: readonly string[] | undefined, path: string, type: string): Errors {
  if (!addresses) return none
  const errors: FieldError[] = []
  if (addresses.length === 0) errors.push(fieldRequired(path, 'must contain at least 1 address'))
  if (addresses.length > mostAddresses) errors.push(fieldTooMany(path, addresses.length, mostAddresses))
  return [...errors, ...each(addresses, path, (address, at) => validateAddress(address, at, type))]
}

function validateAddress(address: string, path: string, type: string): Errors {
  if (type === 'FQDN') return named(address, path, dnsSubdomain)
  const right = type === 'IPv6' ? isIPv6(address) : isIPv4(address)
  if (right || (type !== 'IPv4' && type !== 'IPv6')) return none
  return [fieldInvalid(path, address, `must be a valid ${type} address`)]
}
