/**
 * kubeadm's configuration kinds (`kubeadm.k8s.io/v1beta4`) as the rest of the code reads them: complete, with defaults
 * filled in. Older versions are converted on reading (convert.ts); the same shape is what gets stored in the cluster.
 * Durations are text as Go writes them (`4m0s`).
 */
import type { KeyAlgorithm } from '../../pki/keys.ts'

/** One argument of a component; the same name may come twice. */
export interface Argument {
  readonly name: string
  readonly value: string
}

export interface EnvironmentVariable {
  readonly name: string
  readonly value?: string
}

export interface HostPathMount {
  readonly name: string
  readonly hostPath: string
  readonly mountPath: string
  readonly readOnly?: boolean
  readonly pathType?: string
}

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export interface ControlPlaneComponent {
  readonly extraArgs?: readonly Argument[]
  readonly extraVolumes?: readonly HostPathMount[]
  readonly extraEnvs?: readonly EnvironmentVariable[]
}

export interface LocalEtcd {
  readonly dataDir: string
  readonly imageRepository?: string
  readonly imageTag?: string
  readonly extraArgs?: readonly Argument[]
  readonly extraEnvs?: readonly EnvironmentVariable[]
  readonly serverCertSANs?: readonly string[]
  readonly peerCertSANs?: readonly string[]
}

export interface ExternalEtcd {
  readonly endpoints: readonly string[]
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** What all machines of a cluster have in common; stored in ConfigMap kube-system/kubeadm-config. */
export interface ClusterConfiguration {
  readonly clusterName: string
  readonly kubernetesVersion: string
  /** host or host:port; empty when there is none. */
  readonly controlPlaneEndpoint: string
  readonly certificatesDir: string
  readonly imageRepository: string
  readonly networking: {
    /** One, or two of different families, comma separated. */
    readonly serviceSubnet: string
    /** Empty when pods get their networks from somebody else. */
    readonly podSubnet: string
    readonly dnsDomain: string
  }
  /** One of the two; none over SQLite (datastore.ts). */
  readonly etcd: { readonly local?: LocalEtcd; readonly external?: ExternalEtcd }
  readonly apiServer: ControlPlaneComponent & { readonly certSANs?: readonly string[] }
  readonly controllerManager: ControlPlaneComponent
  readonly scheduler: ControlPlaneComponent
  readonly dns: { readonly imageRepository?: string; readonly imageTag?: string; readonly disabled?: boolean }
  readonly proxy: { readonly disabled?: boolean }
  readonly featureGates?: Readonly<Record<string, boolean>>
  readonly encryptionAlgorithm: KeyAlgorithm
  readonly certificateValidityPeriod: string
  readonly caCertificateValidityPeriod: string
}

/** This machine as a node. */
export interface NodeRegistration {
  readonly name: string
  /** `unix:///...` */
  readonly criSocket: string
  /** Absent: the default of the node's role; empty: none. */
  readonly taints?: readonly Taint[]
  readonly kubeletExtraArgs?: readonly Argument[]
  readonly ignorePreflightErrors?: readonly string[]
  readonly imagePullPolicy: string
  readonly imagePullSerial?: boolean
}

export interface LocalApiEndpoint {
  readonly advertiseAddress: string
  readonly bindPort: number
}

export interface Timeouts {
  readonly controlPlaneComponentHealthCheck: string
  readonly kubeletHealthCheck: string
  readonly kubernetesAPICall: string
  readonly etcdAPICall: string
  readonly tlsBootstrap: string
  readonly discovery: string
  readonly upgradeManifests: string
}

export interface BootstrapTokenSpec {
  /** `id.secret` */
  readonly token: string
  readonly description?: string
  /** `0s`: it never expires. */
  readonly ttl?: string
  /** RFC 3339; excludes ttl. */
  readonly expires?: string
  readonly usages: readonly string[]
  readonly groups: readonly string[]
}

export interface InitConfiguration {
  readonly bootstrapTokens: readonly BootstrapTokenSpec[]
  readonly nodeRegistration: NodeRegistration
  readonly localAPIEndpoint: LocalApiEndpoint
  /** 64 hexadecimal digits. */
  readonly certificateKey?: string
  readonly skipPhases?: readonly string[]
  readonly patches?: { readonly directory?: string }
  readonly dryRun?: boolean
  readonly timeouts: Timeouts
}

export interface Discovery {
  /** Exactly one of the first two. */
  readonly bootstrapToken?: {
    readonly token: string
    /** host:port */
    readonly apiServerEndpoint: string
    readonly caCertHashes?: readonly string[]
    readonly unsafeSkipCAVerification?: boolean
  }
  readonly file?: { readonly kubeConfigPath: string }
  readonly tlsBootstrapToken?: string
}

export interface JoinConfiguration {
  readonly nodeRegistration: NodeRegistration
  readonly caCertPath: string
  readonly discovery: Discovery
  /** Present: this machine becomes a member of the control plane. */
  readonly controlPlane?: { readonly localAPIEndpoint: LocalApiEndpoint; readonly certificateKey?: string }
  readonly skipPhases?: readonly string[]
  readonly patches?: { readonly directory?: string }
  readonly dryRun?: boolean
  readonly timeouts: Timeouts
}

export interface ResetConfiguration {
  readonly certificatesDir: string
  readonly criSocket: string
  readonly cleanupTmpDir?: boolean
  readonly dryRun?: boolean
  readonly force?: boolean
  readonly ignorePreflightErrors?: readonly string[]
  readonly skipPhases?: readonly string[]
  readonly unmountFlags?: readonly string[]
  readonly timeouts: Timeouts
}

interface UpgradeCommon {
  readonly dryRun?: boolean
  readonly ignorePreflightErrors?: readonly string[]
  readonly patches?: { readonly directory?: string }
  readonly skipPhases?: readonly string[]
  readonly certificateRenewal?: boolean
  readonly etcdUpgrade?: boolean
  readonly imagePullPolicy?: string
  readonly imagePullSerial?: boolean
}

export interface UpgradeConfiguration {
  readonly apply: UpgradeCommon & {
    readonly kubernetesVersion?: string
    readonly allowExperimentalUpgrades?: boolean
    readonly allowRCUpgrades?: boolean
    readonly forceUpgrade?: boolean
    readonly printConfig?: boolean
  }
  readonly diff: { readonly kubernetesVersion?: string; readonly contextLines?: number }
  readonly node: UpgradeCommon
  readonly plan: {
    readonly kubernetesVersion?: string
    readonly allowExperimentalUpgrades?: boolean
    readonly allowRCUpgrades?: boolean
    readonly dryRun?: boolean
    readonly ignorePreflightErrors?: readonly string[]
    readonly printConfig?: boolean
  }
  readonly timeouts: Timeouts
}
