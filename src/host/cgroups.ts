/**
 * Control groups behind one interface, v1 (with its many hierarchies) or v2. A group is named by its path below the
 * root of the cgroup namespace, the same string CRI takes as `cgroup_parent`: `/kubepods/burstable/pod<uid>`.
 */

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
  /** Kills everything in it and removes it depth-first; fine if it is gone. */
  remove(path: string): Promise<void>
}
