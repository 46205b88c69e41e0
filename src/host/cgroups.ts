/**
 * Control groups behind one interface, v1 (with its many hierarchies) or v2. A group is named by its path below the
 * root of the cgroup namespace, the same string CRI takes as `cgroup_parent`: `/kubepods/burstable/pod<uid>`.
 */
import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { delay } from '../base/clock.ts'
import { attempt, errorCode, HostError } from './host-error.ts'
import { linuxMounts, type Mount } from './mounts.ts'

/** Limits to write; what is absent stays as it is. */
export interface CgroupLimits {
  /** In v1's scale (2..262144, 1024 = one CPU); converted to cpu.weight on v2. */
  readonly cpuShares?: number
  /** Microseconds per period; -1 takes the limit away. */
  readonly cpuQuota?: number
  /** Microseconds; default 100000. */
  readonly cpuPeriod?: number
  /** Bytes; -1 takes the limit away. */
  readonly memoryLimit?: number
  /** Processes and threads; -1 takes the limit away. */
  readonly pidsLimit?: number
}

export interface CgroupUsage {
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
  /** memoryBytes without file pages that nobody used lately: what the kubelet reports and evicts by. */
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly pids: number
  /** Undefined when there is no limit. */
  readonly memoryLimit: number | undefined
}

export interface Cgroups {
  readonly version: 1 | 2
  /** What CRI takes as `cgroup_parent` for the group. */
  parent(path: string): string
  /** Makes the group and its parents in every hierarchy we use, then writes the limits. Fine if it exists. */
  create(path: string, limits?: CgroupLimits): Promise<void>
  update(path: string, limits: CgroupLimits): Promise<void>
  exists(path: string): Promise<boolean>
  /** Names of the groups directly below; empty when `path` does not exist. */
  children(path: string): Promise<readonly string[]>
  /** HostError with code ENOENT when the group is gone. */
  usage(path: string): Promise<CgroupUsage>
  /** Process ids in the group and all below it. */
  processes(path: string): Promise<readonly number[]>
  /** Moves a process of ours into the group. */
  join(path: string, pid: number): Promise<void>
  /** Sends SIGKILL to everything in it and below. */
  kill(path: string): Promise<void>
  /** Kills everything in it and removes it depth-first; fine if it is gone. */
  remove(path: string): Promise<void>
}

/** What the two versions differ in. */
interface Layout {
  readonly version: 1 | 2
  /** Folders of the group, one per hierarchy; the first one has the processes. */
  folders(path: string): readonly string[]
  /** Those and the ones that a runtime makes in hierarchies we do not use. */
  allFolders(path: string): readonly string[]
  prepare(path: string): Promise<void>
  limits(path: string, limits: CgroupLimits): readonly (readonly [file: string, value: string])[]
  usage(path: string): Promise<CgroupUsage>
}

/** Who makes the groups: we, or systemd for us. */
export type CgroupDriver = 'cgroupfs' | 'systemd'

/** The cgroups of this machine, as its mounts show them. */
export async function linuxCgroups(): Promise<Cgroups> {
  const mounts = await linuxMounts.list()
  const memory = mounts.findLast(m => m.type === 'cgroup' && m.superOptions.includes('memory'))
  if (memory) return cgroupsOn(layoutV1(mounts))
  const unified = mounts.findLast(m => m.type === 'cgroup2')
  if (unified) return cgroupsOn(layoutV2(unified.target))
  throw new HostError({ verb: 'use', target: 'cgroups', code: 'missing', message: 'no cgroup file system is mounted' })
}

function cgroupsOn(layout: Layout): Cgroups {
  const first = (path: string) => layout.folders(path)[0]!
  const update = async (path: string, limits: CgroupLimits) => {
    for (const [file, value] of layout.limits(path, limits)) {
      await attempt('write', file, () => writeFile(file, value))
    }
  }
  const cgroups: Cgroups = {
    version: layout.version,
    parent: path => path,
    create: async (path, limits = {}) => {
      for (const folder of layout.folders(path)) {
        await attempt('make cgroup', folder, () => mkdir(folder, { recursive: true }))
      }
      await layout.prepare(path)
      await update(path, limits)
    },
    update,
    exists: path =>
      access(first(path)).then(
        () => true,
        () => false,
      ),
    children: path => folderNames(first(path)),
    usage: path => attempt('read usage of cgroup', path, () => layout.usage(path)),
    processes: async path => {
      const found = new Set<number>()
      for (const folder of layout.allFolders(path)) {
        for (const group of await depthFirst(folder)) for (const pid of await pidsOf(group)) found.add(pid)
      }
      return [...found]
    },
    join: async (path, pid) => {
      for (const folder of layout.folders(path)) {
        await attempt('join cgroup', folder, () => writeFile(join(folder, 'cgroup.procs'), String(pid)))
      }
    },
    kill: async path => {
      for (const pid of await cgroups.processes(path)) kill(pid)
    },
    remove: path => removeGroups(layout, path, cgroups),
  }
  return cgroups
}

const removeTries = 100

async function removeGroups(layout: Layout, path: string, cgroups: Cgroups): Promise<void> {
  for (let tries = 1; ; tries++) {
    await cgroups.kill(path)
    let failure: unknown
    for (const folder of layout.allFolders(path)) {
      for (const group of await depthFirst(folder)) {
        await rmdir(group).catch(error => {
          if (errorCode(error) !== 'ENOENT') failure = error
        })
      }
    }
    if (!failure) return
    // Killed processes leave their group only when they are reaped.
    if (tries === removeTries) {
      throw new HostError({ verb: 'remove cgroup', target: path, code: errorCode(failure), cause: failure })
    }
    await delay(20)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** All folders below and including `folder`, children before parents. */
async function depthFirst(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  const walk = async (at: string) => {
    for (const name of await folderNames(at)) await walk(join(at, name))
    found.push(at)
  }
  await walk(folder)
  return found
}

async function folderNames(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter(e => e.isDirectory()).map(e => e.name)
}

async function pidsOf(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')
  // A process outside of our pid namespace reads as 0.
  return text
    .split('\n')
    .map(Number)
    .filter(pid => pid > 0)
}

const controllersV1 = ['memory', 'cpu', 'cpuacct', 'pids', 'cpuset', 'blkio', 'devices', 'freezer', 'hugetlb'] as const

function layoutV1(mounts: readonly Mount[]): Layout {
  const hierarchies = new Map<string, string>()
  for (const mount of mounts.filter(m => m.type === 'cgroup')) {
    for (const name of controllersV1) if (mount.superOptions.includes(name)) hierarchies.set(name, mount.target)
  }
  const at = (controller: string, path: string, file: string) => join(hierarchies.get(controller) ?? '/', path, file)
  const ours = [...new Set(['memory', 'cpu', 'cpuacct', 'pids', 'cpuset'].flatMap(c => hierarchies.get(c) ?? []))]
  const all = [...new Set(mounts.filter(m => m.type.startsWith('cgroup')).map(m => m.target))]
  const read = async (controller: string, path: string, file: string) =>
    hierarchies.has(controller) ? await readFile(at(controller, path, file), 'utf8') : '0'
  return {
    version: 1,
    folders: path => ours.map(root => join(root, path)),
    allFolders: path => all.map(root => join(root, path)),
    prepare: async path => {
      const root = hierarchies.get('cpuset')
      // A cpuset without processors and memory nodes takes no process: inherit from the parent, top down.
      if (root) await inheritCpuset(root, path)
    },
    limits: (path, l) => {
      const files: (readonly [string, string])[] = []
      if (l.cpuShares !== undefined) files.push([at('cpu', path, 'cpu.shares'), String(l.cpuShares)])
      if (l.cpuQuota !== undefined) {
        files.push([at('cpu', path, 'cpu.cfs_period_us'), String(l.cpuPeriod ?? 100_000)])
        files.push([at('cpu', path, 'cpu.cfs_quota_us'), String(l.cpuQuota)])
      }
      if (l.memoryLimit !== undefined) {
        files.push([at('memory', path, 'memory.limit_in_bytes'), String(l.memoryLimit)])
      }
      if (l.pidsLimit !== undefined) files.push([at('pids', path, 'pids.max'), maximum(l.pidsLimit)])
      return files
    },
    usage: async path => {
      const stat = fields(await read('memory', path, 'memory.stat'))
      const memoryBytes = Number(await read('memory', path, 'memory.usage_in_bytes'))
      const limit = Number(await read('memory', path, 'memory.limit_in_bytes'))
      return {
        cpuNanoseconds: Number(await read('cpuacct', path, 'cpuacct.usage')),
        memoryBytes,
        workingSetBytes: Math.max(0, memoryBytes - (stat.get('total_inactive_file') ?? 0)),
        rssBytes: stat.get('total_rss') ?? 0,
        pids: Number(await read('pids', path, 'pids.current')),
        // "No limit" is the largest multiple of a page that fits in 63 bits.
        memoryLimit: limit > 0 && limit < 2 ** 62 ? limit : undefined,
      }
    },
  }
}

async function inheritCpuset(root: string, path: string): Promise<void> {
  let folder = root
  for (const name of path.split('/').filter(n => n)) {
    const parent = folder
    folder = join(folder, name)
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = await readFile(join(folder, file), 'utf8').catch(() => 'absent')
      if (own.trim()) continue
      await writeFile(join(folder, file), await readFile(join(parent, file), 'utf8'))
    }
  }
}

const controllersV2 = ['cpu', 'memory', 'pids', 'cpuset', 'io', 'hugetlb']

function layoutV2(root: string): Layout {
  const file = (path: string, name: string) => join(root, path, name)
  return {
    version: 2,
    folders: path => [join(root, path)],
    allFolders: path => [join(root, path)],
    prepare: async path => {
      let folder = root
      for (const name of path.split('/').filter(n => n)) {
        const offered = (await readFile(join(folder, 'cgroup.controllers'), 'utf8')).trim().split(' ')
        const wanted = controllersV2.filter(c => offered.includes(c)).map(c => `+${c}`)
        const control = join(folder, 'cgroup.subtree_control')
        await attempt('enable controllers in', folder, () => writeFile(control, wanted.join(' ')))
        folder = join(folder, name)
      }
    },
    limits: (path, l) => {
      const files: (readonly [string, string])[] = []
      if (l.cpuShares !== undefined) files.push([file(path, 'cpu.weight'), String(cpuWeight(l.cpuShares))])
      if (l.cpuQuota !== undefined) {
        files.push([file(path, 'cpu.max'), `${maximum(l.cpuQuota)} ${l.cpuPeriod ?? 100_000}`])
      }
      if (l.memoryLimit !== undefined) files.push([file(path, 'memory.max'), maximum(l.memoryLimit)])
      if (l.pidsLimit !== undefined) files.push([file(path, 'pids.max'), maximum(l.pidsLimit)])
      return files
    },
    usage: async path => {
      const read = (name: string) => readFile(file(path, name), 'utf8')
      const stat = fields(await read('memory.stat'))
      const memoryBytes = Number(await read('memory.current'))
      const limit = Number(await read('memory.max'))
      return {
        cpuNanoseconds: (fields(await read('cpu.stat')).get('usage_usec') ?? 0) * 1000,
        memoryBytes,
        workingSetBytes: Math.max(0, memoryBytes - (stat.get('inactive_file') ?? 0)),
        rssBytes: stat.get('anon') ?? 0,
        pids: Number(await read('pids.current')),
        memoryLimit: Number.isNaN(limit) ? undefined : limit,
      }
    },
  }
}

/** cpu.shares (2..262144) on the scale of cpu.weight (1..10000), by the linear mapping runc and the kubelet share. */
export function cpuWeight(shares: number): number {
  return Math.min(10_000, Math.max(1, 1 + Math.floor(((shares - 2) * 9999) / 262142)))
}

function maximum(value: number): string {
  return value < 0 ? 'max' : String(value)
}

function fields(text: string): ReadonlyMap<string, number> {
  return new Map(text.split('\n').map(line => [line.split(' ')[0]!, Number(line.split(' ')[1])]))
}
