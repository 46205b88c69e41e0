import type { Service } from '../../api/core/v1/service.ts'
import type { Draft } from '../registry/strategy.ts'

type Spec = Service['spec'] | Draft<Service['spec']>

const portTypes = new Set(['NodePort', 'LoadBalancer'])

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

/**
 * Before validation: an update that leaves out what was allocated keeps it; one that changes the type and leaves what
 * the old type had allocated as it was, loses it.
 */
export function prepareService({ spec }: Draft<Service>, old: Service | undefined): void {
  if (!spec || !old) return
  keepAllocated(spec, old.spec)
  dropUnfit(spec, old.spec)
}

function keepAllocated(spec: Draft<Service['spec']>, old: Service['spec']): void {
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    if (!spec.clusterIP && !spec.clusterIPs?.length && old.clusterIP) {
      spec.clusterIP = old.clusterIP
      spec.clusterIPs = [...(old.clusterIPs ?? [old.clusterIP])]
    } else if (!spec.clusterIPs?.length && spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
    else if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0]
    if (!spec.ipFamilies?.length && old.ipFamilies) spec.ipFamilies = [...old.ipFamilies]
    if (!spec.ipFamilyPolicy && old.ipFamilyPolicy) spec.ipFamilyPolicy = old.ipFamilyPolicy
  }
  if (!portTypes.has(spec.type) || !portTypes.has(old.type)) return
  const given = new Set(nodePortsOf(spec))
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue
    const before = old.ports?.find(other => other.port === port.port && other.protocol === port.protocol)?.nodePort
    if (before && !given.has(before)) port.nodePort = before
  }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && old.healthCheckNodePort) {
    spec.healthCheckNodePort ??= old.healthCheckNodePort
  }
}

function dropUnfit(spec: Draft<Service['spec']>, old: Service['spec']): void {
  if (spec.type === 'ExternalName' && old.type !== 'ExternalName') {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP
    if (spec.clusterIPs?.[0] === old.clusterIPs?.[0]) delete spec.clusterIPs
    delete spec.ipFamilies
    delete spec.ipFamilyPolicy
  }
  if (!portTypes.has(spec.type) && portTypes.has(old.type)) {
    const before = new Set(nodePortsOf(old))
    for (const port of spec.ports ?? []) if (port.nodePort && before.has(port.nodePort)) delete port.nodePort
    if (spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy
  }
  const local = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (!local && spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort
  if (spec.type !== 'LoadBalancer' && old.type === 'LoadBalancer') delete spec.allocateLoadBalancerNodePorts
}
