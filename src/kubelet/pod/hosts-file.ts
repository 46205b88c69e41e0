/** The /etc/hosts every container of a pod sees. */
import { hostnameOf } from './hostname.ts'
import type { Pod } from './types.ts'

const own = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
fe00::\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`

/** `machine` is the machine's own file, which pods in its network get. */
export function hostsFile(
  pod: Pod,
  options: { readonly ips: readonly string[]; readonly clusterDomain: string; readonly machine: string },
): string {
  const { hostNetwork, hostAliases = [], subdomain } = pod.spec
  const aliases = hostAliases.map(a => `${a.ip}\t${(a.hostnames ?? []).join('\t')}\n`).join('')
  const more = aliases && `\n# Entries added by HostAliases.\n${aliases}`
  if (hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${options.machine}${more}`
  const name = hostnameOf(pod)
  const full = subdomain && `${name}.${subdomain}.${pod.metadata.namespace}.svc.${options.clusterDomain}\t`
  return own + options.ips.map(ip => `${ip}\t${full ?? ''}${name}\n`).join('') + more
}
