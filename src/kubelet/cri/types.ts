/**
 * The messages of CRI v1 as the kubelet sees them. What we send has optional fields; in answers every scalar, list
 * and map is present (proto3 defaults) and an absent message is null. Times are nanoseconds since the epoch as a
 * number (exact to about 256 ns); enums are their names.
 */

export type Labels = Readonly<Record<string, string>>

export interface SandboxMetadata {
  readonly name: string
  readonly uid: string
  readonly namespace: string
  readonly attempt?: number
}

export interface ContainerMetadata {
  readonly name: string
  readonly attempt?: number
}

/** POD shares one namespace in the pod (and is the proto3 default), CONTAINER is private, NODE is the machine's. */
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET'

export interface IdMapping {
  readonly hostId: number
  readonly containerId: number
  readonly length: number
}

export interface NamespaceOption {
  readonly network?: NamespaceMode
  /** Always say it: left out means POD, and containers then see the pause process. */
  readonly pid?: NamespaceMode
  readonly ipc?: NamespaceMode
  readonly targetId?: string
  readonly usernsOptions?: {
    readonly mode: NamespaceMode
    readonly uids?: readonly IdMapping[]
    readonly gids?: readonly IdMapping[]
  }
}

export interface SecurityProfile {
  readonly profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  /** An absolute path on the machine (seccomp) or a profile's name (AppArmor). */
  readonly localhostRef?: string
}

export interface SelinuxOption {
  readonly user?: string
  readonly role?: string
  readonly type?: string
  readonly level?: string
}

export interface LinuxResources {
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly cpuShares?: number
  readonly memoryLimitInBytes?: number
  readonly memorySwapLimitInBytes?: number
  readonly oomScoreAdj?: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[]
  /** cgroup v2 files to write as they are. */
  readonly unified?: Readonly<Record<string, string>>
}

export type SupplementalGroupsPolicy = 'Merge' | 'Strict'

export interface SandboxSecurityContext {
  readonly namespaceOptions?: NamespaceOption
  readonly selinuxOptions?: SelinuxOption
  readonly runAsUser?: { readonly value: number }
  readonly runAsGroup?: { readonly value: number }
  readonly readonlyRootfs?: boolean
  readonly supplementalGroups?: readonly number[]
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy
  readonly privileged?: boolean
  readonly seccomp?: SecurityProfile
  readonly apparmor?: SecurityProfile
}

export interface PortMapping {
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  readonly containerPort: number
  readonly hostPort?: number
  readonly hostIp?: string
}

export interface DnsConfig {
  readonly servers?: readonly string[]
  readonly searches?: readonly string[]
  readonly options?: readonly string[]
}

export interface PodSandboxConfig {
  readonly metadata: SandboxMetadata
  /** Leave it empty with the machine's network, or runc refuses to set it. */
  readonly hostname?: string
  /** Must exist before the first container is created. */
  readonly logDirectory?: string
  readonly dnsConfig?: DnsConfig
  readonly portMappings?: readonly PortMapping[]
  readonly labels?: Labels
  readonly annotations?: Labels
  readonly linux?: {
    readonly cgroupParent?: string
    readonly securityContext?: SandboxSecurityContext
    readonly sysctls?: Readonly<Record<string, string>>
    readonly overhead?: LinuxResources
    readonly resources?: LinuxResources
  }
}

export interface ImageSpec {
  readonly image: string
  readonly annotations?: Labels
  readonly userSpecifiedImage?: string
  readonly runtimeHandler?: string
  readonly imageRef?: string
}

export interface Mount {
  readonly containerPath: string
  readonly hostPath?: string
  readonly readonly?: boolean
  readonly selinuxRelabel?: boolean
  readonly propagation?: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL'
  readonly uidMappings?: readonly IdMapping[]
  readonly gidMappings?: readonly IdMapping[]
  readonly recursiveReadOnly?: boolean
  /** An image as a volume (containerd 2.1 and newer). */
  readonly image?: ImageSpec
  readonly imageSubPath?: string
}

export interface ContainerSecurityContext {
  readonly capabilities?: {
    readonly addCapabilities?: readonly string[]
    readonly dropCapabilities?: readonly string[]
    readonly addAmbientCapabilities?: readonly string[]
  }
  readonly privileged?: boolean
  readonly namespaceOptions?: NamespaceOption
  readonly selinuxOptions?: SelinuxOption
  readonly runAsUser?: { readonly value: number }
  readonly runAsGroup?: { readonly value: number }
  readonly runAsUsername?: string
  readonly readonlyRootfs?: boolean
  readonly supplementalGroups?: readonly number[]
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy
  readonly noNewPrivs?: boolean
  readonly maskedPaths?: readonly string[]
  readonly readonlyPaths?: readonly string[]
  readonly seccomp?: SecurityProfile
  readonly apparmor?: SecurityProfile
}

export interface ContainerConfig {
  readonly metadata: ContainerMetadata
  readonly image: ImageSpec
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly envs?: readonly { readonly key: string; readonly value: string }[]
  readonly mounts?: readonly Mount[]
  readonly devices?: readonly {
    readonly containerPath: string
    readonly hostPath: string
    readonly permissions: string
  }[]
  readonly labels?: Labels
  readonly annotations?: Labels
  /** Relative to the sandbox's logDirectory. */
  readonly logPath?: string
  readonly stdin?: boolean
  readonly stdinOnce?: boolean
  readonly tty?: boolean
  readonly linux?: { readonly resources?: LinuxResources; readonly securityContext?: ContainerSecurityContext }
  /** By name, `SIGTERM`; runtimes that do not know the field ignore it. */
  readonly stopSignal?: string
}

export type SandboxState = 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
export type ContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN'

export interface PodSandbox {
  readonly id: string
  readonly metadata: Required<SandboxMetadata>
  readonly state: SandboxState
  readonly createdAt: number
  readonly labels: Labels
  readonly annotations: Labels
  readonly runtimeHandler: string
}

export interface PodSandboxStatus extends PodSandbox {
  /** Empty `ip` with the machine's network, null once the sandbox is down. */
  readonly network: { readonly ip: string; readonly additionalIps: readonly { readonly ip: string }[] } | null
  readonly linux: { readonly namespaces: { readonly options: NamespaceOption | null } | null } | null
}

export interface Container {
  readonly id: string
  readonly podSandboxId: string
  readonly metadata: Required<ContainerMetadata>
  readonly image: ImageSpec | null
  readonly imageRef: string
  readonly imageId: string
  readonly state: ContainerState
  readonly createdAt: number
  readonly labels: Labels
  readonly annotations: Labels
}

export interface ContainerStatus {
  readonly id: string
  readonly metadata: Required<ContainerMetadata>
  readonly state: ContainerState
  readonly createdAt: number
  /** 0 when not started. */
  readonly startedAt: number
  /** 0 while running. */
  readonly finishedAt: number
  readonly exitCode: number
  readonly image: ImageSpec | null
  readonly imageRef: string
  readonly imageId: string
  /** `Completed`, `Error`, `OOMKilled`, `Unknown` (exit code 255: lost in a reboot) or empty. */
  readonly reason: string
  readonly message: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly mounts: readonly Mount[]
  readonly logPath: string
  readonly resources: { readonly linux: LinuxResources | null } | null
  readonly user: {
    readonly linux: {
      readonly uid: number
      readonly gid: number
      readonly supplementalGroups: readonly number[]
    } | null
  } | null
  readonly stopSignal: string
}

export interface Image {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly size: number
  readonly uid: { readonly value: number } | null
  readonly username: string
  readonly pinned: boolean
}

export interface AuthConfig {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly serverAddress?: string
  readonly identityToken?: string
  readonly registryToken?: string
}

interface Value {
  readonly value: number
}

export interface PsiData {
  readonly Total: number
  readonly Avg10: number
  readonly Avg60: number
  readonly Avg300: number
}
export interface Psi {
  readonly Full: PsiData | null
  readonly Some: PsiData | null
}

export interface CpuUsage {
  readonly timestamp: number
  readonly usageCoreNanoSeconds: Value | null
  readonly usageNanoCores: Value | null
  readonly psi: Psi | null
}

export interface MemoryUsage {
  readonly timestamp: number
  readonly workingSetBytes: Value | null
  readonly availableBytes: Value | null
  readonly usageBytes: Value | null
  readonly rssBytes: Value | null
  readonly pageFaults: Value | null
  readonly majorPageFaults: Value | null
  readonly psi: Psi | null
}

export interface SwapUsage {
  readonly timestamp: number
  readonly swapAvailableBytes: Value | null
  readonly swapUsageBytes: Value | null
}

export interface FilesystemUsage {
  readonly timestamp: number
  readonly fsId: { readonly mountpoint: string } | null
  readonly usedBytes: Value | null
  readonly inodesUsed: Value | null
}

export interface ContainerStats {
  readonly attributes: {
    readonly id: string
    readonly metadata: Required<ContainerMetadata>
    readonly labels: Labels
    readonly annotations: Labels
  }
  /** Null for a container that does not run; so are the others. */
  readonly cpu: CpuUsage | null
  readonly memory: MemoryUsage | null
  readonly writableLayer: FilesystemUsage | null
  readonly swap: SwapUsage | null
}

export interface NetworkInterfaceUsage {
  readonly name: string
  readonly rxBytes: Value | null
  readonly rxErrors: Value | null
  readonly txBytes: Value | null
  readonly txErrors: Value | null
}

export interface PodSandboxStats {
  readonly attributes: {
    readonly id: string
    readonly metadata: Required<SandboxMetadata>
    readonly labels: Labels
    readonly annotations: Labels
  }
  readonly linux: {
    readonly cpu: CpuUsage | null
    readonly memory: MemoryUsage | null
    readonly network: {
      readonly timestamp: number
      readonly defaultInterface: NetworkInterfaceUsage | null
      readonly interfaces: readonly NetworkInterfaceUsage[]
    } | null
    readonly process: { readonly timestamp: number; readonly processCount: Value | null } | null
    readonly containers: readonly ContainerStats[]
  } | null
}

export interface RuntimeCondition {
  /** `RuntimeReady` or `NetworkReady`. */
  readonly type: string
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

export interface RuntimeStatus {
  readonly status: { readonly conditions: readonly RuntimeCondition[] }
  /** JSON texts, only when asked to be verbose. */
  readonly info: Readonly<Record<string, string>>
  readonly runtimeHandlers: readonly {
    readonly name: string
    readonly features: { readonly recursiveReadOnlyMounts: boolean; readonly userNamespaces: boolean } | null
  }[]
  readonly features: {
    readonly supplementalGroupsPolicy: boolean
    readonly userNamespacesHostNetwork: boolean
  } | null
}

export interface SandboxFilter {
  readonly id?: string
  readonly state?: SandboxState
  readonly labelSelector?: Labels
}

export interface ContainerFilter {
  readonly id?: string
  readonly state?: ContainerState
  readonly podSandboxId?: string
  readonly labelSelector?: Labels
}

export interface StatsFilter {
  readonly id?: string
  /** Containers only. */
  readonly podSandboxId?: string
  readonly labelSelector?: Labels
}
