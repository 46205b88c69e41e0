import { isIP } from 'node:net'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/networking/v1/network-policy.ts'
import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { validateLabelSelector } from '../../machinery/label-selector.ts'
import type { Strategy } from '../registry/strategy.ts'
import { validatePort } from '../validation/probes.ts'
import { type Errors, each, none, oneOf } from '../validation/rules.ts'

/** Selectors, peers and ports that can be matched. */
export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  generation: true,
  validate({ spec }) {
    return [
      ...(spec.podSelector ? validateLabelSelector(spec.podSelector, 'spec.podSelector') : none),
      ...each(spec.ingress, 'spec.ingress', ({ from, ports }, at) => [
        ...each(ports, `${at}.ports`, validatePolicyPort),
        ...each(from, `${at}.from`, validatePeer),
      ]),
      ...each(spec.egress, 'spec.egress', ({ to, ports }, at) => [
        ...each(ports, `${at}.ports`, validatePolicyPort),
        ...each(to, `${at}.to`, validatePeer),
      ]),
      ...each(spec.policyTypes, 'spec.policyTypes', (type, at) => oneOf(type, at, ['Egress', 'Ingress'])),
    ]
  },
}

function validatePolicyPort({ protocol, port, endPort }: NetworkPolicyPort, path: string): Errors {
  const errors: FieldError[] = [...oneOf(protocol, `${path}.protocol`, ['SCTP', 'TCP', 'UDP'])]
  errors.push(...validatePort(port, `${path}.port`))
  if (endPort === undefined) return errors
  if (typeof port !== 'number')
    errors.push(fieldInvalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
  else if (endPort < port)
    errors.push(fieldInvalid(`${path}.endPort`, endPort, 'must be greater than or equal to `port`'))
  return errors
}

function validatePeer({ ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, path: string): Errors {
  if (!ipBlock && !podSelector && !namespaceSelector) return [fieldRequired(path, 'must specify a peer')]
  if (ipBlock && (podSelector || namespaceSelector)) {
    return [fieldForbidden(path, 'may not specify both ipBlock and another peer')]
  }
  return [
    ...(podSelector ? validateLabelSelector(podSelector, `${path}.podSelector`) : none),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : none),
    ...(ipBlock ? validateCidr(ipBlock.cidr, `${path}.ipBlock.cidr`) : none),
    ...each(ipBlock?.except, `${path}.ipBlock.except`, validateCidr),
  ]
}

function validateCidr(cidr: string | undefined, path: string): Errors {
  if (!cidr) return none
  const [address = '', bits = ''] = cidr.split('/')
  const family = isIP(address)
  const right = family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  return right ? none : [fieldInvalid(path, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')]
}
