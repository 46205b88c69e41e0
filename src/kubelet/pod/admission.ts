/** Whether this node takes a pod: resources left, ports free, nothing asked of the kernel that is not safe. */
import { milli, podRequest, value } from './resources.ts'
import type { Pod } from './types.ts'

export interface Refusal {
  readonly reason: string
  readonly message: string
}

/** Upstream's list of sysctls that stay within the pod. */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])
/** From this priority on, a pod is the system's own. */
const criticalPriority = 2_000_000_000

/** Undefined: it may run. `others`: the pods that run here already. */
export function admission(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): Refusal | undefined {
  const refusal = forbiddenSysctl(pod) ?? portConflict(pod, others) ?? missingResource(pod, others, allocatable)
  return refusal && { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` }
}

function forbiddenSysctl(pod: Pod): Refusal | undefined {
  for (const { name } of pod.spec.securityContext.sysctls ?? []) {
    const dotted = name.replaceAll('/', '.')
    if (!safeSysctls.has(dotted)) {
      return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${dotted}" not allowlisted` }
    }
    if (pod.spec.hostNetwork && dotted.startsWith('net.')) {
      return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${dotted}" not allowed with host net enabled` }
    }
  }
  return undefined
}

function portConflict(pod: Pod, others: readonly Pod[]): Refusal | undefined {
  const wanted = hostPorts(pod)
  if (wanted.length === 0) return undefined
  const taken = others.flatMap(hostPorts)
  const clash = wanted.some(a =>
    taken.some(b => a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === any || b.ip === any)),
  )
  const why = "node(s) didn't have free ports for the requested pod ports"
  return clash ? { reason: 'NodePorts', message: `Predicate NodePorts failed: ${why}` } : undefined
}

const any = '0.0.0.0'

function hostPorts(pod: Pod) {
  return pod.spec.containers
    .flatMap(c => c.ports ?? [])
    .filter(p => p.hostPort)
    .map(p => ({ port: p.hostPort, protocol: p.protocol, ip: p.hostIP || any }))
}

function missingResource(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): Refusal | undefined {
  // The system's own pods come first: others make room when it gets narrow.
  if ((pod.spec.priority ?? 0) >= criticalPriority) return undefined
  const short = (name: string, requested: number, used: number, capacity: number): Refusal | undefined =>
    requested > 0 && used + requested > capacity
      ? {
          reason: `OutOf${name}`,
          message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
        }
      : undefined
  const pods = short('pods', 1, others.length, value(allocatable, 'pods'))
  if (pods) return pods
  const names = new Set(pod.spec.containers.flatMap(c => Object.keys(c.resources.requests ?? {})))
  for (const name of names) {
    const read = name === 'cpu' ? milli : value
    const used = others.reduce((sum, other) => sum + podRequest(other, name, read), 0)
    const refusal = short(name, podRequest(pod, name, read), used, read(allocatable, name))
    if (refusal) return refusal
  }
  return undefined
}
