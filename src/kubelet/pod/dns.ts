/** The resolv.conf of a pod, by its policy. */
import type { DnsConfig } from '../cri/types.ts'
import type { Pod } from './types.ts'

export interface DnsSettings {
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  /** The text of the machine's resolv.conf. */
  readonly resolvConf: string
}

interface Resolv {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

/** Upstream's limits, which are those of resolvers. */
const mostServers = 3
const mostSearches = 32

export function parseResolvConf(text: string): Resolv {
  const servers: string[] = []
  let searches: readonly string[] = []
  let options: readonly string[] = []
  for (const line of text.split('\n')) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (word === 'nameserver' && rest[0]) servers.push(rest[0])
    else if (word === 'search') searches = rest.map(s => (s === '.' ? s : s.replace(/\.$/, '')))
    else if (word === 'options') options = [...options, ...rest]
  }
  return { servers, searches, options }
}

/** What goes into the sandbox; `fellBack` says that ClusterFirst was asked for and no cluster DNS is known. */
export function podDns(pod: Pod, settings: DnsSettings): { readonly dns: DnsConfig; readonly fellBack: boolean } {
  const { policy, fellBack } = effective(pod, settings)
  const machine = parseResolvConf(settings.resolvConf)
  const base: Resolv = policy === 'None' ? { servers: [], searches: [], options: [] } : machine
  const resolv = policy === 'ClusterFirst' ? clusterFirst(pod, settings, machine) : base
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {}
  const given = options.map(o => (o.value ? `${o.name}:${o.value}` : (o.name ?? '')))
  return {
    dns: {
      servers: [...new Set([...resolv.servers, ...nameservers])].slice(0, mostServers),
      searches: [...new Set([...resolv.searches, ...searches])].slice(0, mostSearches),
      options: [...new Map([...resolv.options, ...given].map(o => [o.split(':')[0], o])).values()],
    },
    fellBack,
  }
}

function effective(pod: Pod, { clusterDns }: DnsSettings) {
  const { dnsPolicy, hostNetwork } = pod.spec
  if (dnsPolicy === 'None' || dnsPolicy === 'Default') return { policy: dnsPolicy, fellBack: false } as const
  if (dnsPolicy === 'ClusterFirst' && hostNetwork) return { policy: 'Default', fellBack: false } as const
  if (clusterDns.length === 0) return { policy: 'Default', fellBack: true } as const
  return { policy: 'ClusterFirst', fellBack: false } as const
}

function clusterFirst(pod: Pod, { clusterDns, clusterDomain }: DnsSettings, machine: Resolv): Resolv {
  const own = clusterDomain
    ? [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
    : []
  return { servers: clusterDns, searches: [...own, ...machine.searches], options: [...machine.options, 'ndots:5'] }
}
