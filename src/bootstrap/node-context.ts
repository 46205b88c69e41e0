/** What the workflows that change a machine (init, join, upgrade) have in common. */
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import type { ClusterConfiguration, LocalApiEndpoint, NodeRegistration, Timeouts } from './config/types.ts'

/** How a control plane is put together on its machines. */
export type Layout = 'static-pods' | 'in-process' | 'systemd'

export interface NodeContext {
  readonly host: Host
  readonly node: NodeRegistration
  /** Of this machine's API server; absent on workers. */
  readonly endpoint?: LocalApiEndpoint
  readonly timeouts: Timeouts
  /** Folder with patches. */
  readonly patches?: string
  readonly dryRun: boolean
  /** Whether missing Debian packages may be installed. */
  readonly install: boolean
  /** How processes of the cluster are started: program and first arguments. */
  readonly program: readonly string[]
  /** The whole workflow gives up then. */
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  /** What all machines of the cluster have in common; `join` reads it from the cluster when it is first asked for. */
  cluster(): Promise<ClusterConfiguration>
  /** A client with all rights. */
  admin(): Promise<Client>
}

/** A context of a machine of the control plane. */
export type ControlPlaneContext = NodeContext & { readonly endpoint: LocalApiEndpoint }

/** host:port by which all machines reach the API: the stable one if there is one, else this machine's. */
export function apiEndpoint({ controlPlaneEndpoint }: ClusterConfiguration, local: LocalApiEndpoint): string {
  if (!controlPlaneEndpoint) return hostPort(local.advertiseAddress, local.bindPort)
  return /^(\[.*\]|[^:]*):\d+$/.test(controlPlaneEndpoint)
    ? controlPlaneEndpoint
    : hostPort(controlPlaneEndpoint.replace(/^\[|\]$/g, ''), local.bindPort)
}

/** host:port, with brackets around IPv6 addresses. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
