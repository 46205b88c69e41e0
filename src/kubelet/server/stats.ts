/** /stats/summary: what node and pods use, as the runtime counts it. */
import { readFile, statfs } from 'node:fs/promises'
import { uptime } from 'node:os'
import type { ContainerStats, CpuUsage, MemoryUsage, NetworkInterfaceUsage, PodSandboxStats } from '../cri/types.ts'
import { sandboxStats } from './sandbox-stats.ts'
import type { ServerOptions } from './server.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const time = (nanos: number) => iso(nanos > 0 ? nanos / 1e6 : Date.now())

export async function summary(options: ServerOptions): Promise<object> {
  const [pods, node] = await Promise.all([podStats(options), nodeStats(options)])
  return { node, pods }
}

async function nodeStats({ nodeName, cgroups, cgroupRoot, rootDir, machine }: ServerOptions) {
  const now = iso(Date.now())
  const [disk, cpu, memory] = await Promise.all([statfs(rootDir), machineCpu(), machineMemory()])
  const pods = await cgroups.usage(cgroupRoot).catch(() => undefined)
  const used = machine.memoryBytes - memory.available
  return {
    nodeName,
    startTime: iso(Date.now() - uptime() * 1000),
    cpu: { time: now, usageCoreNanoSeconds: cpu },
    memory: {
      time: now,
      availableBytes: memory.available,
      usageBytes: machine.memoryBytes - memory.free,
      workingSetBytes: used,
    },
    fs: {
      time: now,
      availableBytes: disk.bavail * disk.bsize,
      capacityBytes: disk.blocks * disk.bsize,
      usedBytes: (disk.blocks - disk.bfree) * disk.bsize,
      inodesFree: disk.ffree,
      inodes: disk.files,
      inodesUsed: disk.files - disk.ffree,
    },
    ...(pods && {
      systemContainers: [
        {
          name: 'pods',
          startTime: now,
          cpu: { time: now, usageCoreNanoSeconds: pods.cpuNanoseconds },
          memory: {
            time: now,
            usageBytes: pods.memoryBytes,
            workingSetBytes: pods.workingSetBytes,
            rssBytes: pods.rssBytes,
          },
        },
      ],
    }),
  }
}

async function podStats({ cri, set }: ServerOptions): Promise<readonly object[]> {
  const all = await sandboxStats(cri)
  return all.flatMap(stats => {
    const { name, namespace, uid } = stats.attributes.metadata
    const worker = set.worker(uid)
    if (!worker || !stats.linux) return []
    const { cpu, memory, network } = stats.linux
    const startTime = worker.apiPod?.status.startTime ?? iso(Date.now())
    return [
      {
        podRef: { name, namespace, uid },
        startTime,
        containers: stats.linux.containers.map(c => containerStats(c, startTime)),
        ...(cpu && { cpu: cpuOf(cpu) }),
        ...(memory && { memory: memoryOf(memory) }),
        ...(network && { network: networkOf(network) }),
      },
    ]
  })
}

function containerStats({ attributes, cpu, memory, writableLayer }: ContainerStats, startTime: string): object {
  return {
    name: attributes.metadata.name,
    startTime,
    ...(cpu && { cpu: cpuOf(cpu) }),
    ...(memory && { memory: memoryOf(memory) }),
    ...(writableLayer && {
      rootfs: {
        time: time(writableLayer.timestamp),
        usedBytes: writableLayer.usedBytes?.value,
        inodesUsed: writableLayer.inodesUsed?.value,
      },
    }),
  }
}

function cpuOf(cpu: CpuUsage): object {
  return {
    time: time(cpu.timestamp),
    usageNanoCores: cpu.usageNanoCores?.value ?? 0,
    usageCoreNanoSeconds: cpu.usageCoreNanoSeconds?.value ?? 0,
  }
}

function memoryOf(memory: MemoryUsage): object {
  return {
    time: time(memory.timestamp),
    availableBytes: memory.availableBytes?.value,
    usageBytes: memory.usageBytes?.value,
    workingSetBytes: memory.workingSetBytes?.value,
    rssBytes: memory.rssBytes?.value,
    pageFaults: memory.pageFaults?.value,
    majorPageFaults: memory.majorPageFaults?.value,
  }
}

type Network = NonNullable<NonNullable<PodSandboxStats['linux']>['network']>

function networkOf({ timestamp, defaultInterface, interfaces }: Network): object {
  const one = (i: NetworkInterfaceUsage) => ({
    name: i.name,
    rxBytes: i.rxBytes?.value,
    rxErrors: i.rxErrors?.value,
    txBytes: i.txBytes?.value,
    txErrors: i.txErrors?.value,
  })
  return { time: time(timestamp), ...(defaultInterface && one(defaultInterface)), interfaces: interfaces.map(one) }
}

/** Nanoseconds all processors have worked since the start. */
export async function machineCpu(): Promise<number> {
  const [, ...ticks] = (await readFile('/proc/stat', 'utf8')).split('\n')[0]!.split(/\s+/).map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks
  // The kernel counts in hundredths of a second here, whatever its own clock.
  return (user + nice + system + irq + softirq + steal) * 1e7
}

/** Bytes. */
export async function machineMemory(): Promise<{ readonly available: number; readonly free: number }> {
  const text = await readFile('/proc/meminfo', 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
  return { available: field('MemAvailable'), free: field('MemFree') }
}
