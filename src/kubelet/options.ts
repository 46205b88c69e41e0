import type { Clock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import type { CgroupDriver } from '../host/cgroups.ts'
import type { Host } from '../host/host.ts'
import type { Cri } from './cri/cri.ts'
import type { Access } from './server/access.ts'

/** What a kubelet is started with. */
export interface KubeletOptions {
  /** Undefined: no API server; only static pods run. */
  readonly client: Client | undefined
  readonly host: Host
  /** Connected already; stays the caller's. */
  readonly cri: Cri
  readonly nodeName: string
  /** One per family, the main one first. A function is asked at each use: addresses may change. */
  readonly nodeAddress: string | readonly string[] | (() => readonly string[])
  readonly clusterDns: readonly string[]
  /** Default `cluster.local`. */
  readonly clusterDomain?: string
  /** Default /var/lib/kubelet. */
  readonly rootDir?: string
  /** Default /var/log/pods. */
  readonly podLogsDir?: string
  /** Folder of static pods. */
  readonly manifestsDir?: string | undefined
  /** Of the server on `port`; undefined: no server. PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Who signs the certificates of those who may ask the server. PEM. */
  readonly apiClientCa?: string | undefined
  /** Default: masters and the API server's client, others as the API server says. */
  readonly access?: Access | undefined
  /** What /metrics answers. */
  readonly metrics?: () => string
  /** Default 10250; 0 chooses one. */
  readonly port?: number
  /** Where the server listens; default all addresses. */
  readonly bindAddress?: string
  /** Default 110. */
  readonly maxPods?: number
  /** Processes a pod may have; default -1: any number. */
  readonly podPidsLimit?: number
  /** The group all pods are in. Default /kubepods. */
  readonly cgroupRoot?: string
  /** Must be the runtime's. @default 'cgroupfs' */
  readonly cgroupDriver?: CgroupDriver
  readonly nodeLabels?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  /** Kept from pods: what the system itself needs. Quantities by resource. */
  readonly reserved?: Readonly<Record<string, string>>
  readonly providerId?: string
  /** Whether the kubelet makes its own Node object. Default true. */
  readonly registerNode?: boolean
  readonly resolvConf?: string
  /** How often the status of the node is looked at, and how often at least it is written, milliseconds. */
  readonly statusEvery?: number
  readonly statusAtLeast?: number
  /** How long the node counts as alive without a sign of life. Default 40. */
  readonly leaseSeconds?: number
  readonly clock?: Clock
}

export interface Kubelet {
  /** The node is registered and pods are being looked after. */
  readonly ready: Promise<void>
  /** The node is registered, and its addresses are known to the API server; never, without one. */
  readonly registered: Promise<void>
  /** The port the server listens on; undefined without one. */
  readonly port: number | undefined
  /** The server's certificate from now on, and who signs those of callers. PEM; what is not given stays. */
  renewCertificates(tls: { readonly cert?: string; readonly key?: string; readonly apiClientCa?: string }): void
  /** Gives all pods new tokens: the former will not be good for long. */
  renewTokens(): void
  /** Why the runtime can run nothing; undefined when it can. */
  runtimeProblem(): string | undefined
  /** Stops looking after pods; they go on running. */
  stop(): Promise<void>
}

type Defaulted =
  | 'clusterDomain'
  | 'rootDir'
  | 'podLogsDir'
  | 'port'
  | 'maxPods'
  | 'podPidsLimit'
  | 'cgroupRoot'
  | 'cgroupDriver'
  | 'nodeLabels'
  | 'taints'
  | 'reserved'
  | 'registerNode'
  | 'resolvConf'
  | 'statusEvery'
  | 'statusAtLeast'
  | 'leaseSeconds'
  | 'clock'

/** The options with their defaults in. */
export type CompleteOptions = KubeletOptions & Required<Pick<KubeletOptions, Defaulted>>
