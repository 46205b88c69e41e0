/**
 * Brings up the cluster of one machine: a tree of steps, each of which may find its work done already, so that running
 * it again mends what is missing and leaves the rest alone.
 */
import type { Client } from '../client/client.ts'
import type { Host } from '../host/host.ts'
import type { Containerd } from '../kubelet/runtime/containerd.ts'
import type { Settings } from './settings.ts'

/** What the steps share; later steps find what earlier ones made. */
export interface Up {
  readonly host: Host
  readonly settings: Settings
  readonly install: boolean
  /** Processes are units that systemd starts at every boot. */
  readonly systemd: boolean
  /** The API is to be at another port or address than before: processes that run start anew. */
  readonly moved?: boolean
  /** Gives up waiting then. */
  readonly signal: AbortSignal
  /** How the processes of the cluster are started: program and first arguments. */
  readonly program: readonly string[]
  readonly say: (line: string) => void
  /** When the agent was started, if it did not run already: what its node said before is old. */
  agentStarted?: number
  containerd?: Containerd
  client?: Client
}

export interface Step {
  readonly title: string
  readonly when?: (up: Up) => boolean | Promise<boolean>
  /** `note` says what is being waited for. */
  readonly run: (up: Up, note: (text: string) => void) => Promise<void>
}

/** Each import loads only when its step runs. */
export const upSteps: readonly Step[] = [
  { title: 'Note what the machine is like', run: async up => (await import('./record.ts')).recordMachine(up.host) },
  {
    title: 'Install Debian packages',
    when: async up => (await (await import('./steps/packages.ts')).missingPackages(up)).length > 0,
    run: async (up, note) => (await import('./steps/packages.ts')).installPackages(up, note),
  },
  {
    title: 'Write certificates and kubeconfigs',
    run: async up => (await import('./steps/certificates.ts')).certificates(up),
  },
  { title: 'Start containerd', run: async up => (await import('./steps/runtime.ts')).containerd(up) },
  { title: 'Start the server', run: async (up, note) => (await import('./steps/processes.ts')).server(up, note) },
  { title: 'Pack images', run: async (up, note) => (await import('./steps/runtime.ts')).images(up, note) },
  { title: 'Start the agent', run: async up => (await import('./steps/processes.ts')).agent(up) },
  { title: 'Apply the cluster DNS', run: async up => (await import('./steps/addons.ts')).addons(up) },
  { title: 'Wait for the node', run: async (up, note) => (await import('./steps/ready.ts')).nodeReady(up, note) },
  { title: 'Wait for the cluster DNS', run: async (up, note) => (await import('./steps/ready.ts')).dnsReady(up, note) },
  { title: 'Write your kubeconfig', run: async up => (await import('./steps/kubeconfig.ts')).userKubeconfig(up) },
]
