/** KubeProxyConfiguration: what kube-proxy reads from its --config file. */
import { completeConfig } from '../machinery/component-config.ts'
import { always, bool, dflt, double, int32, json, list, map, type Read, string, struct } from '../schema/schema.ts'

const pkg = 'io.k8s.kube-proxy.config.v1alpha1'
const duration = () => string({ format: 'duration' })

class ClientConnection extends struct(pkg, {
  kubeconfig: string(),
  acceptContentTypes: string(),
  contentType: string(),
  qps: double(),
  burst: int32(),
}) {}

class Ipvs extends struct(pkg, {
  /** How a backend is chosen; empty: one after the other. */
  scheduler: string(),
  syncPeriod: duration(),
  minSyncPeriod: duration(),
  excludeCIDRs: list(string()),
  strictARP: bool(),
  tcpTimeout: duration(),
  tcpFinTimeout: duration(),
  udpTimeout: duration(),
}) {}

/** What is followed here. */
const followed = {
  clientConnection: always(ClientConnection),
  hostnameOverride: string(),
  /** One or two, comma separated; empty: no traffic counts as coming from pods. */
  clusterCIDR: string(),
  /** Empty: nftables. */
  mode: dflt(string({ enum: ['nftables', 'iptables', 'ipvs'] }), 'nftables'),
  ipvs: always(Ipvs),
  healthzBindAddress: dflt(string(), '0.0.0.0:10256'),
  metricsBindAddress: dflt(string(), '127.0.0.1:10249'),
} as const

/** Upstream's too, and without effect here. */
const withoutEffect = {
  featureGates: map(bool()),
  logging: json(),
  bindAddress: string(),
  bindAddressHardFail: bool(),
  enableProfiling: bool(),
  showHiddenMetricsForVersion: string(),
  windowsRunAsService: bool(),
  iptables: json(),
  nftables: json(),
  winkernel: json(),
  detectLocalMode: string(),
  detectLocal: json(),
  nodePortAddresses: list(string()),
  oomScoreAdj: int32(),
  conntrack: json(),
  configSyncPeriod: duration(),
  portRange: string(),
} as const

export class KubeProxyConfiguration extends struct(pkg, { ...followed, ...withoutEffect }) {}

export const kubeProxyConfigKind = {
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  type: KubeProxyConfiguration,
} as const

/** Completes and checks given fields. */
export const completeKubeProxyConfiguration = (given: object): Read<typeof KubeProxyConfiguration> =>
  completeConfig(given, kubeProxyConfigKind)

/** What kubeadm writes into ConfigMap kube-system/kube-proxy, for `clusterCIDR` and others to be added. */
export function defaultKubeProxyConfiguration(facts: { readonly clusterCidr?: string; readonly mode?: string } = {}) {
  return {
    apiVersion: kubeProxyConfigKind.apiVersion,
    kind: kubeProxyConfigKind.kind,
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    clusterCIDR: facts.clusterCidr ?? '',
    healthzBindAddress: '0.0.0.0:10256',
    metricsBindAddress: '127.0.0.1:10249',
    mode: facts.mode ?? '',
  }
}
