import type { DnsConfig, PodSandboxConfig, PortMapping } from '../cri/types.ts'
import { configSeenAnnotation, configSourceAnnotation, podLabels } from '../labels.ts'
import { sandboxHostname } from './hostname.ts'
import { type SecurityOptions, sandboxSecurity } from './security.ts'
import { isSidecar, type Pod } from './types.ts'

export interface SandboxOptions extends SecurityOptions {
  readonly attempt: number
  readonly dns: DnsConfig
  readonly clusterDomain: string
  readonly logDirectory: string
  readonly cgroupParent: string
}

/** What the runtime is asked for when a pod's sandbox is made, and again for each of its containers. */
export function sandboxConfig(pod: Pod, options: SandboxOptions): PodSandboxConfig {
  const { name, uid, namespace, labels, annotations } = pod.metadata
  const sysctls = pod.spec.securityContext.sysctls ?? []
  return {
    metadata: { name, uid, namespace, attempt: options.attempt },
    hostname: sandboxHostname(pod, options.clusterDomain),
    logDirectory: options.logDirectory,
    dnsConfig: options.dns,
    portMappings: portMappings(pod),
    labels: { ...labels, ...podLabels(pod) },
    annotations: {
      ...annotations,
      [configSourceAnnotation]: annotations?.[configSourceAnnotation] ?? 'api',
      [configSeenAnnotation]: annotations?.[configSeenAnnotation] ?? pod.metadata.creationTimestamp ?? '',
    },
    linux: {
      cgroupParent: options.cgroupParent,
      securityContext: sandboxSecurity(pod, options),
      sysctls: Object.fromEntries(sysctls.map(s => [s.name.replaceAll('/', '.'), s.value])),
    },
  }
}

/** Where pods live in their own network, the ports of the machine that lead to theirs. */
function portMappings(pod: Pod): readonly PortMapping[] {
  if (pod.spec.hostNetwork) return []
  const containers = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers]
  return containers
    .flatMap(c => c.ports ?? [])
    .filter(p => p.hostPort)
    .map(({ containerPort, hostPort, hostIP, protocol }) => ({
      containerPort,
      hostPort: hostPort!,
      protocol: protocol as NonNullable<PortMapping['protocol']>,
      ...(hostIP && { hostIp: hostIP }),
    }))
}
