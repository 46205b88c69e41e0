/**
 * The container runtime as the kubelet drives it: CRI v1 over a unix socket. Every method may throw a CriError; ids
 * of things already gone are no error for stop and remove (the runtime's contract).
 */
import { type CallOptions, Transport } from './transport.ts'
import type * as cri from './types.ts'

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

const runtime = 'runtime.v1.RuntimeService'
const images = 'runtime.v1.ImageService'

/** Sandboxes wait for networks, pulls for the internet: longer than other calls. */
const sandboxTimeout = 4 * 60_000
const pullTimeout = 60 * 60_000

/** Connects lazily; calls made while the runtime is away fail with UNAVAILABLE and later ones connect again. */
export function criClient(options: { readonly socket: string }): Cri {
  const transport = new Transport({ socket: options.socket, proto: './runtime.proto' })
  const call = <Answer>(method: string, request: object, callOptions?: CallOptions): Promise<Answer> =>
    transport.unary(runtime, method, request, callOptions)
  const act = async (method: string, request: object, callOptions?: CallOptions): Promise<void> => {
    await call(method, request, callOptions)
  }
  const image = <Answer>(method: string, request: object, callOptions?: CallOptions): Promise<Answer> =>
    transport.unary(images, method, request, callOptions)

  return {
    socket: options.socket,
    version: o => call('Version', { version: 'v1' }, o),
    status: o => call('Status', { verbose: o?.verbose ?? false }, o),
    runtimeConfig: o => call('RuntimeConfig', {}, o),
    updateRuntimeConfig: (podCidr, o) =>
      act('UpdateRuntimeConfig', { runtimeConfig: { networkConfig: { podCidr } } }, o),

    runPodSandbox: async (config, o) => {
      const request = { config, runtimeHandler: o?.runtimeHandler ?? '' }
      return (await call<Id>('RunPodSandbox', request, { timeout: sandboxTimeout, ...o })).id
    },
    stopPodSandbox: (id, o) => act('StopPodSandbox', { id }, { timeout: sandboxTimeout, ...o }),
    removePodSandbox: (id, o) => act('RemovePodSandbox', { id }, { timeout: sandboxTimeout, ...o }),
    podSandboxStatus: (id, o) => call('PodSandboxStatus', { id, verbose: o?.verbose ?? false }, o),
    listPodSandbox: async (filter, o) =>
      (await call<{ items: cri.PodSandbox[] }>('ListPodSandbox', { filter: withState(filter) }, o)).items,

    createContainer: async (podSandboxId, config, sandboxConfig, o) => {
      const request = { podSandboxId, config: wireContainer(config), sandboxConfig }
      return (await call<Id>('CreateContainer', request, o)).id
    },
    startContainer: (id, o) => act('StartContainer', { id }, o),
    stopContainer: (id, graceSeconds, o) =>
      act('StopContainer', { id, timeout: graceSeconds }, { timeout: graceSeconds * 1000 + 120_000, ...o }),
    removeContainer: (id, o) => act('RemoveContainer', { id }, o),
    listContainers: async (filter, o) =>
      (await call<{ containers: cri.Container[] }>('ListContainers', { filter: withState(filter) }, o)).containers,
    containerStatus: (id, o) => call('ContainerStatus', { id, verbose: o?.verbose ?? false }, o),
    updateContainerResources: (id, linux, o) => act('UpdateContainerResources', { id, linux }, o),
    reopenContainerLog: (id, o) => act('ReopenContainerLog', { id }, o),

    execSync: (id, cmd, o) => {
      const seconds = o?.commandTimeoutSeconds ?? 0
      const timeout = seconds ? seconds * 1000 + 10_000 : undefined
      return call('ExecSync', { id, cmd, timeout: seconds }, { ...(timeout ? { timeout } : {}), ...o })
    },
    exec: async (request, o) => (await call<Url>('Exec', request, o)).url,
    attach: async (request, o) => (await call<Url>('Attach', request, o)).url,
    portForward: async (id, port, o) => (await call<Url>('PortForward', { id, port }, o)).url,

    containerStats: async (id, o) => (await call<{ stats: cri.ContainerStats }>('ContainerStats', { id }, o)).stats,
    listContainerStats: async (filter, o) =>
      (await call<{ stats: cri.ContainerStats[] }>('ListContainerStats', { filter }, o)).stats,
    podSandboxStats: async (id, o) => (await call<{ stats: cri.PodSandboxStats }>('PodSandboxStats', { id }, o)).stats,
    listPodSandboxStats: async (filter, o) =>
      (await call<{ stats: cri.PodSandboxStats[] }>('ListPodSandboxStats', { filter }, o)).stats,

    getContainerEvents: signal => transport.stream<RuntimeEvent>(runtime, 'GetContainerEvents', {}, signal),

    listImages: async o => (await image<{ images: cri.Image[] }>('ListImages', {}, o)).images,
    imageStatus: async (name, o) =>
      (await image<{ image: cri.Image | null }>('ImageStatus', { image: { image: name } }, o)).image ?? undefined,
    pullImage: async (spec, o) => {
      const request = { image: spec, auth: o?.auth, sandboxConfig: o?.sandbox }
      return (await image<{ imageRef: string }>('PullImage', request, { timeout: pullTimeout, ...o })).imageRef
    },
    removeImage: async (name, o) => {
      await image('RemoveImage', { image: { image: name } }, o)
    },
    imageFsInfo: o => image('ImageFsInfo', {}, o),

    close: () => transport.close(),
  }
}

interface Id {
  readonly id: string
}
interface Url {
  readonly url: string
}

/** A state is wrapped in a message of its own, because in proto3 "no state" would be the first one. */
function withState(filter: { readonly state?: string } | undefined): object | undefined {
  return filter?.state ? { ...filter, state: { state: filter.state } } : filter
}

/** Environment values are bytes on the wire; a string would be taken as base64. */
function wireContainer(config: cri.ContainerConfig): object {
  return { ...config, envs: config.envs?.map(({ key, value }) => ({ key, value: Buffer.from(value) })) }
}
