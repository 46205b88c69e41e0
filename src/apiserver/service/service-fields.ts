import type { Service } from '../../api/core/v1/service.ts'
import type { Draft } from '../registry/strategy.ts'

type Spec = Service['spec'] | Draft<Service['spec']>

/** The addresses that a Service holds. */
export function addressesOf(spec: Spec | undefined): readonly string[] {
  if (!spec || spec.type === 'ExternalName') return []
  const all = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : []
  return all.filter(ip => ip !== '' && ip !== 'None')
}

/** The node ports that a Service holds, each once. */
export function nodePortsOf(spec: Spec | undefined): readonly number[] {
  if (!spec) return []
  const ports = [...(spec.ports ?? []).map(port => port.nodePort ?? 0), spec.healthCheckNodePort ?? 0]
  return [...new Set(ports)].filter(port => port > 0)
}

export function wantsAddress(spec: Spec): boolean {
  return spec.type !== 'ExternalName' && spec.clusterIP !== 'None'
}

export function wantsNodePorts(spec: Spec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
}

const external = (spec: Spec) => spec.type === 'NodePort' || spec.type === 'LoadBalancer'

/**
 * Before validation: an update that changes the type and leaves what only the old type had as it was, loses it. What
 * it says anew stays, and is refused.
 */
export function dropUnfit(spec: Draft<Service['spec']>, old: Service['spec']): void {
  if (spec.type === 'ExternalName' && old.type !== 'ExternalName') {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP
    if (spec.clusterIPs?.[0] === old.clusterIPs?.[0]) delete spec.clusterIPs
    delete spec.ipFamilies
    delete spec.ipFamilyPolicy
    if (spec.internalTrafficPolicy === old.internalTrafficPolicy) delete spec.internalTrafficPolicy
  }
  if (!external(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy
  if (spec.type === 'LoadBalancer') return
  if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts)
    delete spec.allocateLoadBalancerNodePorts
  if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass
}
