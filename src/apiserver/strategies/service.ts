import type { Service, ServiceSpec } from '../../api/core/v1/service.ts'
import type { Draft, Strategy } from '../registry/strategy.ts'
import { validateService, validateServiceUpdate } from '../validation/service.ts'

/** Ports and addresses; what was allocated stays. */
export const serviceStrategy: Strategy<Service> = {
  name: 'label1035',
  generation: false,
  prepareCreate: service => pairAddresses(service.spec),
  prepareUpdate(service, old) {
    dropUnfit(service.spec, old.spec)
    keepAllocated(service.spec, old.spec)
    pairAddresses(service.spec)
  },
  validate: ({ spec }) => validateService(spec),
  validateUpdate: ({ spec }, old) => validateServiceUpdate(spec, old.spec),
}

/** clusterIP is the first of clusterIPs: either may be given. */
function pairAddresses(spec: Draft<ServiceSpec>): void {
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
  else if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0]
}

const hasAddress = (type: string) => type !== 'ExternalName'
const hasNodePorts = (type: string) => type === 'NodePort' || type === 'LoadBalancer'

/** What was allocated and is not mentioned stays: people replace services with what they once wrote. */
function keepAllocated(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  if (hasAddress(spec.type) && hasAddress(old.type)) {
    if (!spec.clusterIP && !spec.clusterIPs?.length) {
      if (old.clusterIP !== undefined) spec.clusterIP = old.clusterIP
      if (old.clusterIPs !== undefined) spec.clusterIPs = [...old.clusterIPs]
    }
    if (old.ipFamilies !== undefined) spec.ipFamilies ??= [...old.ipFamilies]
    if (old.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy ??= old.ipFamilyPolicy
  }
  if (hasNodePorts(spec.type) && hasNodePorts(old.type)) {
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue
      const same = old.ports?.find(each => each.port === port.port && each.protocol === port.protocol)
      if (same?.nodePort !== undefined) port.nodePort = same.nodePort
    }
    if (old.healthCheckNodePort !== undefined && spec.externalTrafficPolicy === 'Local') {
      spec.healthCheckNodePort ||= old.healthCheckNodePort
    }
  }
  // Ports that another type used are given back.
  if (!hasNodePorts(spec.type) && hasNodePorts(old.type)) {
    for (const port of spec.ports ?? []) if (sameNodePort(port, old)) delete port.nodePort
    delete spec.healthCheckNodePort
  }
}

function sameNodePort(port: { nodePort?: number | undefined }, old: ServiceSpec): boolean {
  return old.ports?.some(each => each.nodePort === port.nodePort) ?? false
}

/**
 * An update that changes the type and leaves what only the old type had as it was, loses it. What
 * it says anew stays, and is refused.
 */
function dropUnfit(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  if (spec.type === 'ExternalName' && old.type !== 'ExternalName') {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP
    if (spec.clusterIPs?.[0] === old.clusterIPs?.[0]) delete spec.clusterIPs
    delete spec.ipFamilies
    delete spec.ipFamilyPolicy
    if (spec.internalTrafficPolicy === old.internalTrafficPolicy) delete spec.internalTrafficPolicy
  }
  if (!hasNodePorts(spec.type) && spec.externalTrafficPolicy === old.externalTrafficPolicy)
    delete spec.externalTrafficPolicy
  if (spec.type === 'LoadBalancer') return
  if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts)
    delete spec.allocateLoadBalancerNodePorts
  if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass
}
