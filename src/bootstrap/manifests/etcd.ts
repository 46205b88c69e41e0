/** The static pod of a stacked etcd member. */
import type { ClusterConfiguration, LocalApiEndpoint } from '../config/types.ts'
import { hostPort } from '../node-context.ts'
import { commandLine } from './arguments.ts'
import { type StaticPod, staticPod } from './static-pod.ts'

export const clientUrlsAnnotation = 'kubeadm.kubernetes.io/etcd.advertise-client-urls'

export interface EtcdPodOptions {
  readonly cluster: ClusterConfiguration
  readonly nodeName: string
  readonly endpoint: Pick<LocalApiEndpoint, 'advertiseAddress'>
  readonly image: string
  /** All members when this one joins others, itself included; absent for the first of a new cluster. */
  readonly members?: readonly { readonly name: string; readonly peerUrl: string }[]
}

export const etcdClientUrl = (address: string) => `https://${hostPort(address, 2379)}`
export const etcdPeerUrl = (address: string) => `https://${hostPort(address, 2380)}`

/** The command of a member; exported for the layouts without pods. */
export function etcdCommand(options: EtcdPodOptions): readonly string[] {
  const { cluster, nodeName, endpoint, members, image } = options
  const pki = `${cluster.certificatesDir}/etcd`
  const local = cluster.etcd.local!
  const [client, peer] = [etcdClientUrl(endpoint.advertiseAddress), etcdPeerUrl(endpoint.advertiseAddress)]
  const all = members ?? [{ name: nodeName, peerUrl: peer }]
  const base = {
    'advertise-client-urls': client,
    'cert-file': `${pki}/server.crt`,
    'client-cert-auth': 'true',
    'data-dir': local.dataDir,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': all.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(','),
    ...(members && { 'initial-cluster-state': 'existing' }),
    'key-file': `${pki}/server.key`,
    'listen-client-urls': `https://127.0.0.1:2379,${client}`,
    'listen-metrics-urls': 'http://127.0.0.1:2381',
    'listen-peer-urls': peer,
    name: nodeName,
    'peer-cert-file': `${pki}/peer.crt`,
    'peer-client-cert-auth': 'true',
    'peer-key-file': `${pki}/peer.key`,
    'peer-trusted-ca-file': `${pki}/ca.crt`,
    'snapshot-count': '10000',
    'trusted-ca-file': `${pki}/ca.crt`,
    ...checks(image),
  }
  return ['etcd', ...commandLine(base, local.extraArgs)]
}

/** How a member checks itself is called differently by version: 3.4 and 3.5 by `experimental-` names, 3.6 as features. */
function checks(image: string): Readonly<Record<string, string>> {
  const [, major, minor] = /:v?(\d+)\.(\d+)/.exec(image) ?? []
  if (Number(major) > 3 || Number(minor) >= 6) {
    return { 'feature-gates': 'InitialCorruptCheck=true', 'watch-progress-notify-interval': '5s' }
  }
  if (Number(minor) === 5) {
    return { 'experimental-initial-corrupt-check': 'true', 'experimental-watch-progress-notify-interval': '5s' }
  }
  return { 'experimental-initial-corrupt-check': 'true' }
}

/** Since when a member answers /livez and /readyz; before, /health is all it has. */
function health(image: string): { readonly live: string; readonly ready: string } {
  const [, major, minor] = /:v?(\d+)\.(\d+)/.exec(image) ?? []
  const modern = Number(major) > 3 || Number(minor) >= 6
  // A learner, and a member without a leader, are alive all the same.
  return modern ? { live: '/livez', ready: '/readyz' } : { live: '/metrics', ready: '/health' }
}

/** The pod of a member. */
export function etcdPod(options: EtcdPodOptions): StaticPod {
  const { cluster, endpoint, image } = options
  const { live, ready } = health(image)
  return staticPod({
    name: 'etcd',
    image,
    command: etcdCommand(options),
    cpu: '100m',
    memory: '100Mi',
    health: { host: '127.0.0.1', port: 2381, scheme: 'HTTP', live, ready, start: live },
    hostPaths: [
      { name: 'etcd-data', path: cluster.etcd.local!.dataDir, type: 'DirectoryOrCreate', writable: true },
      { name: 'etcd-certs', path: `${cluster.certificatesDir}/etcd`, type: 'DirectoryOrCreate' },
    ],
    annotations: { [clientUrlsAnnotation]: etcdClientUrl(endpoint.advertiseAddress) },
    component: { ...(cluster.etcd.local!.extraEnvs && { extraEnvs: cluster.etcd.local!.extraEnvs }) },
    patience: 240,
  })
}
