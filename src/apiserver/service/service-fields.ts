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
