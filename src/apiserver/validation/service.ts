import { isIP } from 'node:net'
import type { ServicePort, ServiceSpec } from '../../api/core/v1/service.ts'
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../machinery/field-error.ts'
import { dnsLabel, dnsSubdomain, portNumber } from '../../machinery/names.ts'
import { validateLabels } from './object-meta.ts'
import { validatePort } from './probes.ts'
import { between, type Errors, each, ipAddress, named, none, oneOf } from './rules.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const isExternal = (type: string) => type === 'NodePort' || type === 'LoadBalancer'

/** What holds for the spec of every service. */
export function validateService(spec: ServiceSpec): Errors {
  return [
    ...oneOf(spec.type, 'spec.type', types),
    ...oneOf(spec.sessionAffinity, 'spec.sessionAffinity', ['ClientIP', 'None']),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...validatePorts(spec),
    ...validateAddresses(spec),
    ...validateTraffic(spec),
    ...(spec.type === 'ExternalName' ? validateExternalName(spec) : none),
    ...between(
      spec.sessionAffinityConfig?.clientIP?.timeoutSeconds,
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      1,
      86400,
    ),
  ]
}

function validateExternalName({ externalName, clusterIP }: ServiceSpec): Errors {
  const errors: FieldError[] = []
  if (clusterIP) errors.push(fieldForbidden('spec.clusterIP', 'may not be set for ExternalName services'))
  if (!externalName) return [...errors, fieldRequired('spec.externalName')]
  return [...errors, ...named(externalName.replace(/\.$/, ''), 'spec.externalName', dnsSubdomain)]
}

function validatePorts({ ports = [], type, clusterIP }: ServiceSpec): Errors {
  const headless = clusterIP === 'None'
  if (ports.length === 0) return headless || type === 'ExternalName' ? none : [fieldRequired('spec.ports')]
  const names = new Set<string>()
  const taken = new Set<string>()
  const nodePorts = new Set<string>()
  return each(ports, 'spec.ports', (port, at) => {
    const errors: FieldError[] = [...validatePortOf(port, at, type, ports.length > 1)]
    const { name, protocol, nodePort } = port
    if (name && names.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
    if (name) names.add(name)
    const place = `${protocol}/${port.port}`
    if (taken.has(place)) errors.push(fieldDuplicate(at, { protocol, port: port.port }))
    taken.add(place)
    if (!nodePort) return errors
    if (nodePorts.has(`${protocol}/${nodePort}`)) errors.push(fieldDuplicate(`${at}.nodePort`, nodePort))
    nodePorts.add(`${protocol}/${nodePort}`)
    return errors
  })
}

function validatePortOf(port: ServicePort, path: string, type: string, mustBeNamed: boolean): Errors {
  const { name, protocol, targetPort, nodePort } = port
  const errors: FieldError[] = []
  if (mustBeNamed && !name) errors.push(fieldRequired(`${path}.name`))
  errors.push(...named(name || undefined, `${path}.name`, dnsLabel))
  errors.push(...portNumber(port.port).map(why => fieldInvalid(`${path}.port`, port.port, why)))
  errors.push(...oneOf(protocol, `${path}.protocol`, ['SCTP', 'TCP', 'UDP']))
  errors.push(...validatePort(targetPort, `${path}.targetPort`))
  if (nodePort && !isExternal(type)) {
    errors.push(fieldForbidden(`${path}.nodePort`, `may not be used when \`type\` is '${type}'`))
  } else errors.push(...between(nodePort, `${path}.nodePort`, 0, 65535))
  return errors
}

const families = ['IPv4', 'IPv6']

function validateAddresses(spec: ServiceSpec): Errors {
  const { clusterIP, clusterIPs, type, ipFamilies, ipFamilyPolicy, externalIPs } = spec
  const errors: FieldError[] = [
    ...oneOf(ipFamilyPolicy, 'spec.ipFamilyPolicy', ['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    ...each(ipFamilies, 'spec.ipFamilies', (family, at) => oneOf(family, at, families)),
    ...each(externalIPs, 'spec.externalIPs', ipAddress),
  ]
  if (type === 'ExternalName') return errors
  if (clusterIP && clusterIPs?.[0] !== undefined && clusterIP !== clusterIPs[0]) {
    const why = 'first value must match `clusterIP`'
    errors.push(fieldInvalid('spec.clusterIPs', clusterIPs, why))
  }
  if (clusterIP === 'None' && isExternal(type)) {
    errors.push(fieldInvalid('spec.clusterIPs[0]', clusterIP, `may not be set to 'None' for ${type} services`))
  }
  for (const [i, address] of (clusterIPs ?? []).entries()) {
    if (address === 'None' || address === '' || isIP(address) !== 0) continue
    errors.push(...ipAddress(address, `spec.clusterIPs[${i}]`))
  }
  return errors
}

function validateTraffic(spec: ServiceSpec): Errors {
  const { type, externalTrafficPolicy, internalTrafficPolicy, externalIPs, trafficDistribution } = spec
  const errors: FieldError[] = []
  if (externalTrafficPolicy !== undefined && !isExternal(type) && !externalIPs?.length) {
    const why = 'may only be set for externally-accessible services'
    errors.push(fieldInvalid('spec.externalTrafficPolicy', externalTrafficPolicy, why))
  } else errors.push(...oneOf(externalTrafficPolicy, 'spec.externalTrafficPolicy', ['Cluster', 'Local']))
  errors.push(...oneOf(internalTrafficPolicy, 'spec.internalTrafficPolicy', ['Cluster', 'Local']))
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  errors.push(...oneOf(trafficDistribution, 'spec.trafficDistribution', distributions))
  return errors
}

/** An address, once there, stays as long as the service has one at all. */
export function validateServiceUpdate(spec: ServiceSpec, old: ServiceSpec): Errors {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return none
  const first = old.clusterIPs?.[0] ?? old.clusterIP
  if (!first || spec.clusterIPs?.[0] === first) return none
  return [fieldInvalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'may not change once set')]
}
