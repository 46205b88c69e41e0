/** Stops the cluster of one machine, and takes away every trace of it. */
import { homedir } from 'node:os'
import type { Host } from '../host/host.ts'
import { criClient } from '../kubelet/cri/cri.ts'
import { removeCni } from '../kubelet/runtime/cni.ts'
import { readJournal } from './journal.ts'
import { paths } from './paths.ts'
import { removePortMappings } from './port-mappings.ts'
import { machineRecord, ownModules, sharedFolders } from './record.ts'
import { removeService, serviceRuns } from './service.ts'
import { containerdService } from './services.ts'
import { settingsFile } from './settings.ts'
import { forgetUserKubeconfig } from './steps/kubeconfig.ts'
import { processPlaces } from './steps/processes.ts'

export interface DownStep {
  readonly title: string
  readonly run: (host: Host) => Promise<void>
}

/** Why `down` is nothing for this machine: of a cluster with others, it would stay a member without ever coming back. */
export async function notOfUp(host: Pick<Host, 'files'>): Promise<string | undefined> {
  const journal = await readJournal(host)
  if (!journal || (await host.files.exists(settingsFile))) return undefined
  return `this machine is the node ${journal.nodeName}, made by kobune ${journal.command}, and down is for clusters of kobune up; nothing was changed`
}

/** Stops everything; state, images and containers' logs stay. */
export const downSteps: readonly DownStep[] = [
  { title: 'Stop the agent', run: host => removeService(host, processPlaces.agent) },
  { title: 'Stop the pods', run: host => endPods(host, 'stop') },
  { title: 'Stop the server', run: host => removeService(host, processPlaces.server) },
  { title: 'Stop containerd', run: host => removeService(host, containerdService) },
]

/** In this order: what holds a thing goes before the thing. */
export const purgeSteps: readonly DownStep[] = [
  { title: 'Stop the agent', run: host => removeService(host, processPlaces.agent) },
  { title: 'Remove the pods', run: host => endPods(host, 'remove') },
  { title: 'Stop the server', run: host => removeService(host, processPlaces.server) },
  { title: 'Stop containerd', run: stopRuntime },
  { title: 'Remove interfaces and rules', run: removeNetwork },
  { title: 'Remove mounts and cgroups', run: removeMounts },
  { title: 'Remove files', run: removeFiles },
]

async function endPods(host: Host, how: 'stop' | 'remove'): Promise<void> {
  if (await serviceRuns(host, containerdService)) await endPodsOf(paths.containerdSocket, how)
}

/** At once: whoever takes a cluster down does not wait for grace periods of pods that nobody can reach any more. */
export async function endPodsOf(socket: string, how: 'stop' | 'remove'): Promise<void> {
  const cri = criClient({ socket })
  try {
    const containers = await cri.listContainers({ state: 'CONTAINER_RUNNING' })
    await Promise.all(containers.map(({ id }) => cri.stopContainer(id, 2).catch(() => undefined)))
    const sandboxes = await cri.listPodSandbox()
    await Promise.all(
      sandboxes.map(async ({ id }) => {
        await cri.stopPodSandbox(id).catch(() => undefined)
        if (how === 'remove') await cri.removePodSandbox(id).catch(() => undefined)
      }),
    )
  } finally {
    cri.close()
  }
}

/** containerd, and shims that outlived it: they carry the address of our socket on their command line. */
export async function stopRuntime(host: Host): Promise<void> {
  await removeService(host, containerdService)
  const shims = await host.processes.matching(
    args => /containerd-shim[^/]*$/.test(args[0] ?? '') && args.includes(paths.containerdSocket),
  )
  await Promise.all(shims.map(shim => host.processes.stop(shim, 2_000)))
}

async function removeNetwork(host: Host): Promise<void> {
  await removeCni(host, { confDir: paths.cniConf, dataDir: paths.cniData })
  for (const table of ['kobune-services', 'kobune-masquerade']) {
    for (const family of ['ip', 'ip6'] as const) await host.nftables.deleteTable(family, table).catch(() => undefined)
  }
  await restoreMachine(host)
}

/** Gives back what the machine's record remembers: settings and modules of the kernel, and no chains that CNI left. */
export async function restoreMachine(host: Host): Promise<void> {
  const { sysctls, natTables, modules = ownModules } = await machineRecord(host)
  await removePortMappings(host, natTables)
  for (const [name, value] of Object.entries(sysctls)) await host.sysctl.trySet(name, Number(value))
  for (const name of ownModules) if (!modules.includes(name)) await host.modules.tryUnload(name)
}

/** Unmounts what is in our folders, and removes the cgroups of pods. */
export async function removeMounts(host: Host): Promise<void> {
  const folders = [paths.kubelet, paths.run, paths.state]
  const mounts = (await host.mounts.list()).filter(mount => folders.some(f => `${mount.target}/`.startsWith(`${f}/`)))
  // The deepest first: a mount may stand in another.
  for (const { target } of mounts.sort((a, b) => b.target.length - a.target.length)) await host.mounts.unmount(target)
  const drivers = ['cgroupfs', ...((await host.systemd.running()) ? (['systemd'] as const) : [])] as const
  for (const driver of drivers) {
    const cgroups = await host.cgroups(driver).catch(() => undefined)
    if (await cgroups?.exists('/kubepods')) await cgroups!.remove('/kubepods')
  }
}

async function removeFiles(host: Host): Promise<void> {
  const { existed } = await machineRecord(host)
  await forgetUserKubeconfig(host)
  for (const name of await host.files.list('/var/lib/cni/results')) {
    if (name.startsWith('kobune-')) await host.files.remove(`/var/lib/cni/results/${name}`)
  }
  for (const folder of sharedFolders) if (!existed.includes(folder)) await host.files.remove(folder)
  for (const folder of [paths.run, paths.logs, paths.state, ownCache()]) await host.files.remove(folder)
}

/** What this program keeps to start faster. */
export function ownCache(): string {
  return `${process.env.XDG_CACHE_HOME || `${homedir()}/.cache`}/kobune`
}
