import type { Pod } from './types.ts'

/** The name a pod has for itself: its hostname, else its name cut to what a host may be called. */
export function hostnameOf(pod: Pod): string {
  const { hostname, hostnameOverride } = pod.spec
  return hostnameOverride ?? (hostname || pod.metadata.name.slice(0, 63).replace(/[-.]+$/, ''))
}

/** What the sandbox's kernel calls itself: with setHostnameAsFQDN, the name in the cluster's DNS. */
export function sandboxHostname(pod: Pod, clusterDomain: string): string {
  // With the machine's network comes its name, and runc refuses to set another.
  if (pod.spec.hostNetwork) return ''
  const { subdomain, setHostnameAsFQDN, hostnameOverride } = pod.spec
  const name = hostnameOf(pod)
  if (!setHostnameAsFQDN || !subdomain || hostnameOverride) return name
  return `${name}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`
}
