/** The flags of `kobune kube-proxy`: upstream's. A flag wins over the same field of the configuration file. */
import { accepted, type Flags, type Given, refused, text, toggle } from '../../base/flags.ts'
import { processFlags } from './common.ts'

export const kubeProxyFlags = {
  ...processFlags,
  config: text('KubeProxyConfiguration'),
  'hostname-override': text('name of the node (default: the host name)'),
  kubeconfig: text('how to reach the API server (default: as the service account of this pod)'),
  'cluster-cidr': text('networks of all pods, one per family, comma separated'),
  'proxy-mode': text('nftables, iptables or ipvs'),
  'healthz-bind-address': text('where /healthz and /livez are answered; empty: nowhere'),
  'metrics-bind-address': text('where /metrics and /proxyMode are answered; empty: nowhere'),
  cleanup: toggle('take the rules of all modes away and end'),
  'bind-address': accepted('text', 'both families are served'),
  'conntrack-max-per-core': accepted('number', 'limits of the kernel are left alone'),
  'conntrack-min': accepted('number', 'limits of the kernel are left alone'),
  'config-sync-period': accepted('duration', 'changes come by watch'),
  'detect-local-mode': accepted('text', 'ClusterCIDR'),
  'oom-score-adj': accepted('number', 'the pod has one'),
  master: refused('name the server in --kubeconfig'),
  'write-config-to': refused(
    '`kobune config print init-defaults --component-configs KubeProxyConfiguration` prints one',
  ),
} as const satisfies Flags

export type KubeProxyFlags = Given<typeof kubeProxyFlags>

/** Flag -> field of the configuration. */
export const proxyConfigurationFlags: Readonly<Record<string, string>> = {
  'hostname-override': 'hostnameOverride',
  'cluster-cidr': 'clusterCIDR',
  'proxy-mode': 'mode',
  'healthz-bind-address': 'healthzBindAddress',
  'metrics-bind-address': 'metricsBindAddress',
}
