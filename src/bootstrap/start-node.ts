/** Brings the processes of a node up again, after a reboot of a machine without systemd, or after `nodes stop`. */
import type { Host } from '../host/host.ts'
import { socketUrl } from './config/defaults.ts'
import { readJournal } from './journal.ts'
import type { NodeContext } from './node-context.ts'
import { ownRuntime, startRuntime } from './phases/runtime.ts'
import { startKubelet, stopContainerd, stopKubelet } from './services.ts'

export type NodeServices = Pick<NodeContext, 'host' | 'program' | 'signal' | 'timeouts'>

async function criSocketOf(host: Host): Promise<string> {
  const journal = await readJournal(host)
  if (!journal) throw new Error('this machine is no node made by kobune init or join')
  return socketUrl(journal.criSocket)
}

/** Starts containerd, where it is ours, and the kubelet; fine when they run. Throws where there is no node. */
export async function startNode(services: NodeServices, note?: (text: string) => void): Promise<void> {
  const criSocket = await criSocketOf(services.host)
  if (ownRuntime({ node: { criSocket } })) await startRuntime(services)
  await startKubelet(services, note)
}

/** Stops both; containers go on running. */
export async function stopNode(services: NodeServices): Promise<void> {
  const criSocket = await criSocketOf(services.host)
  await stopKubelet(services)
  if (ownRuntime({ node: { criSocket } })) await stopContainerd(services)
}
