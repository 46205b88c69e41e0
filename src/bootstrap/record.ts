/** What the machine was like before the first `up`, so that `down --purge` leaves it like that. */
import type { Host } from '../host/host.ts'
import { bridgeFilter } from '../kubelet/runtime/cni.ts'
import { paths } from './paths.ts'
import { natTables } from './port-mappings.ts'

export interface MachineRecord {
  /** Folders of other programs' too that were there already. */
  readonly existed: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
  /** Families whose nat table of iptables was there already. */
  readonly natTables: readonly string[]
  /** Modules of the kernel that were loaded already. */
  readonly modules?: readonly string[]
}

/** Folders that other programs use, too. */
const ofOthers = [
  '/var/lib/cni',
  '/run/containerd',
  '/opt/containerd',
  '/etc/cni',
  '/run/flannel',
  '/run/xtables.lock',
] as const

/** Folders that a cluster uses, and that others may have had before. */
export const sharedFolders: readonly string[] = [
  paths.kubernetes,
  paths.kubelet,
  paths.podLogs,
  paths.containerLogs,
  ...ofOthers,
]

/** Those that come with a module that was not loaded go with it. */
const sysctls = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.arp_ignore',
  'net.ipv4.conf.all.arp_announce',
  ...bridgeFilter.settings,
] as const

/** Modules that a cluster loads by name. Others come with what needs them, and change nothing by being there. */
export const ownModules = [bridgeFilter.module] as const

/** Writes the record, once. */
export async function recordMachine(host: Host): Promise<void> {
  if (await host.files.exists(paths.record)) return
  const existed: string[] = []
  for (const folder of sharedFolders) if (await host.files.exists(folder)) existed.push(folder)
  const values: Record<string, string> = {}
  for (const name of sysctls) {
    const value = await host.sysctl.get(name)
    if (value !== undefined) values[name] = value
  }
  const modules: string[] = []
  for (const name of ownModules) if (await host.modules.loaded(name)) modules.push(name)
  const record: MachineRecord = { existed, sysctls: values, natTables: await natTables(host), modules }
  await host.files.write(paths.record, JSON.stringify(record), { mode: 0o600 })
}

/** The record; without one, what other programs use was there before. */
export async function machineRecord(host: Host): Promise<MachineRecord> {
  const text = await host.files.readIfThere(paths.record)
  return text === undefined
    ? { existed: ofOthers, sysctls: {}, natTables: [], modules: ownModules }
    : (JSON.parse(text) as MachineRecord)
}
