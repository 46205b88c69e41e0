/** KubeletConfiguration: what a kubelet reads from its --config file. */
import { completeConfig } from '../machinery/component-config.ts'
import {
  always,
  bool,
  dflt,
  double,
  int32,
  int64,
  json,
  list,
  map,
  type Read,
  string,
  struct,
} from '../schema/schema.ts'

const pkg = 'io.k8s.kubelet.config.v1beta1'
const duration = () => string({ format: 'duration' })

/** kubeadm's file for it, and for what belongs to this machine alone (merged over the former). */
export const kubeletConfigFile = '/var/lib/kubelet/config.yaml'
export const instanceConfigName = 'instance-config.yaml'

class Authentication extends struct(pkg, {
  x509: always(class X509 extends struct(pkg, { clientCAFile: string() }) {}),
  webhook: always(
    class Webhook extends struct(pkg, { enabled: dflt(bool(), true), cacheTTL: dflt(duration(), '2m0s') }) {},
  ),
  anonymous: always(class Anonymous extends struct(pkg, { enabled: dflt(bool(), false) }) {}),
}) {}

class Authorization extends struct(pkg, {
  mode: dflt(string({ enum: ['Webhook', 'AlwaysAllow'] }), 'Webhook'),
  webhook: always(
    class AuthorizationWebhook extends struct(pkg, {
      cacheAuthorizedTTL: dflt(duration(), '5m0s'),
      cacheUnauthorizedTTL: dflt(duration(), '30s'),
    }) {},
  ),
}) {}

class Taint extends struct(pkg, {
  key: always(string()),
  value: string(),
  effect: always(string()),
  timeAdded: string(),
}) {}

/** What this kubelet follows; those below it are upstream's too, and change nothing here. */
const followed = {
  staticPodPath: string(),
  podLogsDir: dflt(string(), '/var/log/pods'),
  enableServer: dflt(bool(), true),
  address: dflt(string(), '0.0.0.0'),
  port: always(int32()),
  tlsCertFile: string(),
  tlsPrivateKeyFile: string(),
  rotateCertificates: dflt(bool(), true),
  /** Upstream's default is false, which leaves every kubelet with a certificate that nobody can check. */
  serverTLSBootstrap: dflt(bool(), true),
  authentication: always(Authentication),
  authorization: always(Authorization),
  healthzBindAddress: dflt(string(), '127.0.0.1'),
  /** 0: none. */
  healthzPort: dflt(int32(), 10248),
  clusterDomain: dflt(string(), 'cluster.local'),
  clusterDNS: always(list(string())),
  nodeStatusUpdateFrequency: dflt(duration(), '10s'),
  nodeStatusReportFrequency: dflt(duration(), '5m0s'),
  nodeLeaseDurationSeconds: always(int32()),
  cgroupRoot: dflt(string(), '/'),
  cgroupDriver: dflt(string({ enum: ['cgroupfs', 'systemd'] }), 'cgroupfs'),
  maxPods: always(int32()),
  podPidsLimit: dflt(int64(), -1),
  resolvConf: dflt(string(), '/etc/resolv.conf'),
  systemReserved: always(map(string())),
  kubeReserved: always(map(string())),
  providerID: string(),
  registerWithTaints: list(Taint),
  registerNode: dflt(bool(), true),
  containerRuntimeEndpoint: dflt(string(), 'unix:///run/kobune/containerd/containerd.sock'),
} as const

const withoutEffect = {
  syncFrequency: duration(),
  fileCheckFrequency: duration(),
  httpCheckFrequency: duration(),
  staticPodURL: string(),
  staticPodURLHeader: json(),
  readOnlyPort: int32(),
  tlsCipherSuites: list(string()),
  tlsMinVersion: string(),
  registryPullQPS: int32(),
  registryBurst: int32(),
  imagePullCredentialsVerificationPolicy: string(),
  preloadedImagesVerificationAllowlist: list(string()),
  eventRecordQPS: int32(),
  eventBurst: int32(),
  enableDebuggingHandlers: bool(),
  enableContentionProfiling: bool(),
  oomScoreAdj: int32(),
  streamingConnectionIdleTimeout: duration(),
  imageMinimumGCAge: duration(),
  imageMaximumGCAge: duration(),
  imageGCHighThresholdPercent: int32(),
  imageGCLowThresholdPercent: int32(),
  volumeStatsAggPeriod: duration(),
  kubeletCgroups: string(),
  systemCgroups: string(),
  cgroupsPerQOS: bool(),
  singleProcessOOMKill: bool(),
  cpuManagerPolicy: string(),
  cpuManagerPolicyOptions: map(string()),
  cpuManagerReconcilePeriod: duration(),
  memoryManagerPolicy: string(),
  topologyManagerPolicy: string(),
  topologyManagerScope: string(),
  topologyManagerPolicyOptions: map(string()),
  qosReserved: map(string()),
  runtimeRequestTimeout: duration(),
  hairpinMode: string(),
  podCIDR: string(),
  runOnce: bool(),
  cpuCFSQuota: bool(),
  cpuCFSQuotaPeriod: duration(),
  nodeStatusMaxImages: int32(),
  maxOpenFiles: int64(),
  contentType: string(),
  kubeAPIQPS: int32(),
  kubeAPIBurst: int32(),
  serializeImagePulls: bool(),
  maxParallelImagePulls: int32(),
  evictionHard: map(string()),
  evictionSoft: map(string()),
  evictionSoftGracePeriod: map(string()),
  evictionPressureTransitionPeriod: duration(),
  evictionMaxPodGracePeriod: int32(),
  evictionMinimumReclaim: map(string()),
  mergeDefaultEvictionSettings: bool(),
  podsPerCore: int32(),
  enableControllerAttachDetach: bool(),
  protectKernelDefaults: bool(),
  makeIPTablesUtilChains: bool(),
  iptablesMasqueradeBit: int32(),
  iptablesDropBit: int32(),
  featureGates: map(bool()),
  failSwapOn: bool(),
  memorySwap: json(),
  containerLogMaxSize: string(),
  containerLogMaxFiles: int32(),
  containerLogMaxWorkers: int32(),
  containerLogMonitorInterval: duration(),
  configMapAndSecretChangeDetectionStrategy: string(),
  reservedSystemCPUs: string(),
  showHiddenMetricsForVersion: string(),
  systemReservedCgroup: string(),
  kubeReservedCgroup: string(),
  enforceNodeAllocatable: list(string()),
  allowedUnsafeSysctls: list(string()),
  volumePluginDir: string(),
  kernelMemcgNotification: bool(),
  logging: json(),
  enableSystemLogHandler: bool(),
  enableSystemLogQuery: bool(),
  shutdownGracePeriod: duration(),
  shutdownGracePeriodCriticalPods: duration(),
  shutdownGracePeriodByPodPriority: json(),
  crashLoopBackOff: json(),
  reservedMemory: json(),
  enableProfilingHandler: bool(),
  enableDebugFlagsHandler: bool(),
  seccompDefault: bool(),
  memoryThrottlingFactor: double(),
  tracing: json(),
  localStorageCapacityIsolation: bool(),
  imageServiceEndpoint: string(),
  failCgroupV1: bool(),
  userNamespaces: json(),
} as const

/** As upstream's numbers that are no pointers: zero is what was not said. */
function zeros(config: Record<string, unknown>): void {
  config.port ||= 10250
  config.maxPods ||= 110
  config.nodeLeaseDurationSeconds ||= 40
  config.clusterDNS ??= []
  config.systemReserved ??= {}
  config.kubeReserved ??= {}
}

export class KubeletConfiguration extends struct(pkg, { ...followed, ...withoutEffect }, { fill: zeros }) {}

export const kubeletConfigKind = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  type: KubeletConfiguration,
} as const

/** Fields that were given something and that nothing here follows. */
export function unfollowed(given: Readonly<Record<string, unknown>>): readonly string[] {
  const says = (value: unknown): boolean => {
    if (typeof value === 'object' && value !== null) return Object.values(value).some(says)
    return ![undefined, null, false, 0, '', '0', '0s'].includes(value as never)
  }
  return Object.keys(withoutEffect).filter(name => says(given[name]))
}

/** Completes and checks given fields. */
export const completeKubeletConfiguration = (given: object): Read<typeof KubeletConfiguration> =>
  completeConfig(given, kubeletConfigKind)

export interface KubeletConfigurationFacts {
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  readonly clientCaFile?: string
  readonly staticPodPath?: string
  /** systemd-resolved's own file where it runs. */
  readonly resolvConf?: string
  readonly cgroupDriver?: 'cgroupfs' | 'systemd'
}

/** What kubeadm writes of a kubelet's configuration for all nodes (ConfigMap kube-system/kubelet-config): the fields it decides. */
export function defaultKubeletConfiguration(facts: KubeletConfigurationFacts) {
  return {
    apiVersion: kubeletConfigKind.apiVersion,
    kind: kubeletConfigKind.kind,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: facts.clientCaFile ?? '/etc/kubernetes/pki/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: facts.cgroupDriver ?? 'cgroupfs',
    clusterDNS: [...facts.clusterDns],
    clusterDomain: facts.clusterDomain,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    ...(facts.resolvConf && { resolvConf: facts.resolvConf }),
    rotateCertificates: true,
    serverTLSBootstrap: true,
    staticPodPath: facts.staticPodPath ?? '/etc/kubernetes/manifests',
  }
}
