/**
 * Control groups that systemd makes, for machines where it shall be the only one to make any: each group is a slice.
 * `/kubepods/burstable/pod<uid>` is `kubepods-burstable-pod<uid>.slice`, with underscores for the dashes of names, in the
 * slices that its name names. Of cgroup version 2 alone.
 */
import { delay } from '../base/clock.ts'
import { type CgroupLimits, type Cgroups, cpuWeight } from './cgroups.ts'
import { HostError } from './host-error.ts'
import type { Processes } from './processes.ts'

/** The slice of a group: what CRI takes as `cgroup_parent` where the runtime makes cgroups through systemd. */
export function sliceOf(path: string): string {
  return `${namesOf(path).join('-')}.slice`
}

/** Where that slice stands: one in the other. */
export function slicePath(path: string): string {
  const names = namesOf(path)
  return names.map((_, i) => `/${names.slice(0, i + 1).join('-')}.slice`).join('')
}

/** The group's own name, out of its slice's and its parent's path. */
export function nameInSlice(slice: string, parent: string): string | undefined {
  const prefix = `${namesOf(parent).join('-')}-`
  if (!slice.startsWith(prefix) || !slice.endsWith('.slice')) return undefined
  const name = slice.slice(prefix.length, -'.slice'.length)
  return name.includes('-') ? undefined : name.replaceAll('_', '-')
}

const namesOf = (path: string) =>
  path
    .split('/')
    .filter(Boolean)
    .map(name => name.replaceAll('-', '_'))

/** Of systemd's 64-bit numbers, the one for "no limit". */
const infinity = '18446744073709551615'
const limit = (value: number) => (value < 0 ? infinity : String(value))

type Property = readonly [name: string, type: 't' | 'b' | 's', value: string]

/** Limits in systemd's words. */
export function sliceProperties(limits: CgroupLimits): readonly Property[] {
  const { cpuShares, cpuQuota, cpuPeriod = 100_000, memoryLimit, pidsLimit } = limits
  const found: Property[] = []
  if (cpuShares !== undefined) found.push(['CPUWeight', 't', String(cpuWeight(cpuShares))])
  if (cpuQuota !== undefined) {
    const perSecond = cpuQuota < 0 ? -1 : Math.ceil((cpuQuota * 1_000_000) / cpuPeriod)
    found.push(['CPUQuotaPeriodUSec', 't', String(cpuPeriod)], ['CPUQuotaPerSecUSec', 't', limit(perSecond)])
  }
  if (memoryLimit !== undefined) found.push(['MemoryMax', 't', limit(memoryLimit)])
  if (pidsLimit !== undefined) found.push(['TasksMax', 't', limit(pidsLimit)])
  return found
}

/** Counting has to be asked for: a slice without it has no files that tell of its use. */
const counted: readonly Property[] = [
  ['CPUAccounting', 'b', 'true'],
  ['MemoryAccounting', 'b', 'true'],
  ['TasksAccounting', 'b', 'true'],
  ['IOAccounting', 'b', 'true'],
]

const patience = 5_000
const manager = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'] as const

/** `files`: the same groups as files, by their paths below the root. */
export function systemdCgroups(files: Cgroups, processes: Processes): Cgroups {
  if (files.version === 1) {
    const message = 'with the driver systemd, cgroups of version 2 are needed; choose cgroupDriver: cgroupfs'
    throw new HostError({ verb: 'use', target: 'cgroups', code: 'unsupported', message })
  }
  const call = (method: string, ...args: readonly string[]) =>
    processes.run('busctl', ['call', '--system', ...manager, method, ...args])
  const words = (properties: readonly Property[]) => [String(properties.length), ...properties.flat()]

  async function update(path: string, limits: CgroupLimits): Promise<void> {
    const properties = sliceProperties(limits)
    if (properties.length) await call('SetUnitProperties', 'sba(sv)', sliceOf(path), 'true', ...words(properties))
  }

  return {
    version: files.version,
    parent: sliceOf,
    async create(path, limits = {}) {
      if (await files.exists(slicePath(path))) return update(path, limits)
      const all = words([...counted, ...sliceProperties(limits)])
      await call('StartTransientUnit', 'ssa(sv)a(sa(sv))', sliceOf(path), 'replace', ...all, '0')
      for (const end = Date.now() + patience; !(await files.exists(slicePath(path))); await delay(10)) {
        if (Date.now() < end) continue
        const message = `systemd did not start ${sliceOf(path)}; see: systemctl status ${sliceOf(path)}`
        throw new HostError({ verb: 'make cgroup', target: path, code: 'timeout', message })
      }
    },
    update,
    exists: path => files.exists(slicePath(path)),
    async children(path) {
      const slices = await files.children(slicePath(path))
      return slices.flatMap(slice => nameInSlice(slice, path) ?? [])
    },
    usage: path => files.usage(slicePath(path)),
    processes: path => files.processes(slicePath(path)),
    join: (path, pid) => files.join(slicePath(path), pid),
    async remove(path) {
      if (!(await files.exists(slicePath(path)))) return
      // With the scopes in it. What is killed by hand is faster than what systemd waits for.
      await files.kill(slicePath(path))
      await processes.run('systemctl', ['stop', sliceOf(path)])
      await files.remove(slicePath(path))
    },
    kill: path => files.kill(slicePath(path)),
  }
}
