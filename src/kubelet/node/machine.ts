/** What this machine is and has, as its Node object tells. */
import { readFile, statfs } from 'node:fs/promises'
import { arch, availableParallelism, release } from 'node:os'
import type { NodeSystemInfo } from '../../api/core/v1/node-status.ts'
import { kubernetesVersion } from '../../base/version.ts'
import type { Host } from '../../host/host.ts'
import { bytesQuantity, compareQuantities, subtractQuantities } from '../../machinery/quantity.ts'
import type { Cri } from '../cri/cri.ts'

export interface Machine {
  readonly memoryBytes: number
  readonly capacity: Readonly<Record<string, string>>
  readonly allocatable: Readonly<Record<string, string>>
  readonly info: NodeSystemInfo
}

/** The version of Kubernetes this kubelet speaks, and the program's own. */
export const kubeletVersion = kubernetesVersion.gitVersion

/** Node's names of processors -> Go's, which Kubernetes uses. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

export interface MachineOptions {
  readonly host: Host
  readonly cri: Cri
  readonly rootDir: string
  readonly maxPods: number
  readonly reserved: Readonly<Record<string, string>>
}

export async function readMachine(options: MachineOptions): Promise<Machine> {
  const { host, rootDir, maxPods, reserved } = options
  const memoryBytes = memoryTotal(await readFile('/proc/meminfo', 'utf8'))
  const disk = await statfs(rootDir)
  const capacity: Record<string, string> = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
    'ephemeral-storage': `${Math.floor((disk.blocks * disk.bsize) / 1024)}Ki`,
    ...(await hugePages(host)),
  }
  const allocatable = Object.fromEntries(
    Object.entries(capacity).map(([name, amount]) => [name, less(amount, reserved[name])]),
  )
  return { memoryBytes, capacity, allocatable, info: await systemInfo(options) }
}

function less(amount: string, by: string | undefined): string {
  if (by === undefined) return amount
  const left = subtractQuantities(amount, by)
  return compareQuantities(left, '0') < 0 ? '0' : left
}

function memoryTotal(meminfo: string): number {
  return Number(/^MemTotal:\s*(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024
}

/** `hugepages-2Mi: 0`, one per size the kernel offers. */
async function hugePages({ files }: Host): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const name of await files.list('/sys/kernel/mm/hugepages')) {
    const size = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]) * 1024
    const count = Number(await files.readIfThere(`/sys/kernel/mm/hugepages/${name}/nr_hugepages`).catch(() => '0'))
    if (size) found[`hugepages-${bytesQuantity(size)}`] = count ? bytesQuantity(size * count) : '0'
  }
  return found
}

async function systemInfo({ host, cri }: MachineOptions): Promise<NodeSystemInfo> {
  const read = async (path: string) => (await host.files.readIfThere(path).catch(() => ''))?.trim() ?? ''
  const machineID = (await read('/etc/machine-id')) || (await read('/var/lib/dbus/machine-id'))
  const runtime = await cri.version()
  const release_ = (await read('/etc/os-release')) || (await read('/usr/lib/os-release'))
  return {
    architecture: architecture(),
    bootID: await read('/proc/sys/kernel/random/boot_id'),
    containerRuntimeVersion: `${runtime.runtimeName}://${runtime.runtimeVersion}`,
    kernelVersion: release(),
    kubeProxyVersion: kubeletVersion,
    kubeletVersion,
    machineID,
    operatingSystem: 'linux',
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(release_)?.[1] ?? 'Linux',
    systemUUID: (await read('/sys/class/dmi/id/product_uuid')) || machineID,
  }
}

/** In Go's words: amd64, arm64. */
export function architecture(): string {
  return architectures[arch()] ?? arch()
}
