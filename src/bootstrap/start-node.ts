/** Brings the processes of a node up again, after a reboot of a machine without systemd, or after `nodes stop`. */
import type { Host } from '../host/host.ts'
import { socketUrl } from './config/defaults.ts'
import { startControlPlaneProcesses, stopControlPlaneProcesses } from './control-plane-services.ts'
import { readJournal } from './journal.ts'
import { ownRuntime, startRuntime } from './phases/runtime.ts'
import { type KubeletService, startKubelet, stopContainerd, stopKubelet } from './services.ts'

async function criSocketOf(host: Host): Promise<string> {
  const journal = await readJournal(host)
  if (!journal) throw new Error('this machine is no node made by kobune init or join')
  return socketUrl(journal.criSocket)
}

/** Starts containerd, where it is ours, and the kubelet; fine when they run. Throws where there is no node. */
export async function startNode(services: KubeletService, note?: (text: string) => void): Promise<void> {
  const criSocket = await criSocketOf(services.host)
  if (ownRuntime({ node: { criSocket } })) await startRuntime(services)
  await startKubelet(services, note)
  await startControlPlaneProcesses(services)
}

/** Stops both; containers go on running. */
export async function stopNode(services: KubeletService): Promise<void> {
  const criSocket = await criSocketOf(services.host)
  await stopControlPlaneProcesses(services)
  await stopKubelet(services)
  if (ownRuntime({ node: { criSocket } })) await stopContainerd(services)
}
