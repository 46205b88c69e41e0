/**
 * The container runtime as the kubelet drives it: CRI v1 over a unix socket. Every method may throw a CriError; ids
 * of things already gone are no error for stop and remove (the runtime's contract).
 */
import type * as cri from './types.ts'

/** Durations are milliseconds. A call has a deadline even when none is given. */
export interface CallOptions {
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** Names of the gRPC codes a caller may want to tell apart. */
export type CriCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

/** A call the runtime refused or never answered. `details` is the runtime's own message. */
export class CriError extends Error {
  readonly code: CriCode
  readonly method: string
  readonly details: string

  constructor(options: { code: CriCode; method: string; details: string; cause?: unknown }) {
    super(`${options.method}: ${options.details} (${options.code})`, { cause: options.cause })
    this.name = 'CriError'
    this.code = options.code
    this.method = options.method
    this.details = options.details
  }
}

export interface ExecSyncAnswer {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  readonly exitCode: number
}

export interface ExecRequest {
  readonly containerId: string
  readonly cmd: readonly string[]
  readonly tty?: boolean
  readonly stdin?: boolean
  readonly stdout?: boolean
  readonly stderr?: boolean
}

export type AttachRequest = Omit<ExecRequest, 'cmd'>

export type RuntimeEventType =
  | 'CONTAINER_CREATED_EVENT'
  | 'CONTAINER_STARTED_EVENT'
  | 'CONTAINER_STOPPED_EVENT'
  | 'CONTAINER_DELETED_EVENT'

export interface RuntimeEvent {
  readonly containerId: string
  readonly containerEventType: RuntimeEventType
  readonly createdAt: number
  readonly podSandboxStatus: cri.PodSandboxStatus | null
  readonly containersStatuses: readonly cri.ContainerStatus[]
}

export interface Cri {
  readonly socket: string

  version(
    options?: CallOptions,
  ): Promise<{ readonly runtimeName: string; readonly runtimeVersion: string; readonly runtimeApiVersion: string }>
  status(options?: CallOptions & { readonly verbose?: boolean }): Promise<cri.RuntimeStatus>
  /** The cgroup driver the runtime uses; UNIMPLEMENTED before containerd 2.0. */
  runtimeConfig(
    options?: CallOptions,
  ): Promise<{ readonly linux: { readonly cgroupDriver: 'SYSTEMD' | 'CGROUPFS' } | null }>
  updateRuntimeConfig(podCidr: string, options?: CallOptions): Promise<void>

  /** Creates and starts a sandbox with its network; answers its id. */
  runPodSandbox(
    config: cri.PodSandboxConfig,
    options?: CallOptions & { readonly runtimeHandler?: string },
  ): Promise<string>
  /** Kills what runs in it and takes the network down; may be called again. */
  stopPodSandbox(id: string, options?: CallOptions): Promise<void>
  removePodSandbox(id: string, options?: CallOptions): Promise<void>
  podSandboxStatus(
    id: string,
    options?: CallOptions & { readonly verbose?: boolean },
  ): Promise<{ readonly status: cri.PodSandboxStatus; readonly info: Readonly<Record<string, string>> }>
  listPodSandbox(filter?: cri.SandboxFilter, options?: CallOptions): Promise<readonly cri.PodSandbox[]>

  /** `sandboxConfig` must be the one the sandbox was run with. Answers the container's id. */
  createContainer(
    podSandboxId: string,
    config: cri.ContainerConfig,
    sandboxConfig: cri.PodSandboxConfig,
    options?: CallOptions,
  ): Promise<string>
  startContainer(id: string, options?: CallOptions): Promise<void>
  /** SIGTERM (or the image's stop signal), then SIGKILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number, options?: CallOptions): Promise<void>
  removeContainer(id: string, options?: CallOptions): Promise<void>
  listContainers(filter?: cri.ContainerFilter, options?: CallOptions): Promise<readonly cri.Container[]>
  containerStatus(
    id: string,
    options?: CallOptions & { readonly verbose?: boolean },
  ): Promise<{ readonly status: cri.ContainerStatus; readonly info: Readonly<Record<string, string>> }>
  updateContainerResources(id: string, linux: cri.LinuxResources, options?: CallOptions): Promise<void>
  reopenContainerLog(id: string, options?: CallOptions): Promise<void>

  /** Runs to the end and answers everything it printed. `commandTimeoutSeconds` passed: DEADLINE_EXCEEDED. */
  execSync(
    id: string,
    cmd: readonly string[],
    options?: CallOptions & { readonly commandTimeoutSeconds?: number },
  ): Promise<ExecSyncAnswer>
  /** The URL of the runtime's own streaming server, good for one connection within a minute. */
  exec(request: ExecRequest, options?: CallOptions): Promise<string>
  attach(request: AttachRequest, options?: CallOptions): Promise<string>
  portForward(podSandboxId: string, ports: readonly number[], options?: CallOptions): Promise<string>

  containerStats(id: string, options?: CallOptions): Promise<cri.ContainerStats>
  listContainerStats(filter?: cri.StatsFilter, options?: CallOptions): Promise<readonly cri.ContainerStats[]>
  podSandboxStats(id: string, options?: CallOptions): Promise<cri.PodSandboxStats>
  listPodSandboxStats(filter?: cri.StatsFilter, options?: CallOptions): Promise<readonly cri.PodSandboxStats[]>

  /** Ends when the signal aborts; throws when the connection is lost. UNIMPLEMENTED before containerd 1.7: use containerEvents(). */
  getContainerEvents(signal: AbortSignal): AsyncIterable<RuntimeEvent>

  listImages(options?: CallOptions): Promise<readonly cri.Image[]>
  /** Undefined when the image is not here. */
  imageStatus(image: string, options?: CallOptions): Promise<cri.Image | undefined>
  /** Answers the reference (a digest) to give to containers. */
  pullImage(
    image: cri.ImageSpec,
    options?: CallOptions & { readonly auth?: cri.AuthConfig; readonly sandbox?: cri.PodSandboxConfig },
  ): Promise<string>
  removeImage(image: string, options?: CallOptions): Promise<void>
  imageFsInfo(options?: CallOptions): Promise<{
    readonly imageFilesystems: readonly cri.FilesystemUsage[]
    readonly containerFilesystems: readonly cri.FilesystemUsage[]
  }>

  close(): void
}
