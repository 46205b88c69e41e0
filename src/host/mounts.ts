import { mkdir, readFile } from 'node:fs/promises'
import { attempt } from './host-error.ts'
import { linuxProcesses } from './processes.ts'

/** The mounts of our mount namespace. */
export interface Mount {
  readonly id: number
  readonly parent: number
  /** The path in the file system that is mounted (`/` unless it is a bind mount or a cgroup namespace). */
  readonly root: string
  readonly target: string
  readonly options: readonly string[]
  /** `shared:N`, `master:N`, ... */
  readonly propagation: readonly string[]
  readonly type: string
  readonly source: string
  readonly superOptions: readonly string[]
}

export interface Mounts {
  list(): Promise<readonly Mount[]>
  isMountPoint(path: string): Promise<boolean>
  /** `size` in bytes. */
  tmpfs(target: string, options?: { readonly size?: number; readonly mode?: number }): Promise<void>
  bind(
    source: string,
    target: string,
    options?: { readonly readOnly?: boolean; readonly recursive?: boolean },
  ): Promise<void>
  /** Propagates what is mounted below `target` both ways, as Bidirectional volume mounts need. */
  makeShared(target: string): Promise<void>
  /** The mount and everything below it; fine if nothing is mounted there. */
  unmount(target: string): Promise<void>
}

/** The mounts this process sees. */
export const linuxMounts: Mounts = {
  list: () =>
    attempt('read', '/proc/self/mountinfo', async () => parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))),
  isMountPoint: async path => (await linuxMounts.list()).some(m => m.target === path),
  tmpfs: async (target, { size, mode = 0o777 } = {}) => {
    await attempt('make folder', target, () => mkdir(target, { recursive: true }))
    const options = [`mode=${mode.toString(8)}`, ...(size ? [`size=${size}`] : [])].join(',')
    await linuxProcesses.run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', target])
  },
  bind: async (source, target, { readOnly = false, recursive = false } = {}) => {
    await linuxProcesses.run('mount', [recursive ? '--rbind' : '--bind', source, target])
    // The kernel ignores "ro" in the first step of a bind mount.
    if (readOnly) await linuxProcesses.run('mount', ['-o', 'remount,bind,ro', target])
  },
  makeShared: async target => {
    await linuxProcesses.run('mount', ['--make-rshared', target])
  },
  unmount: async target => {
    const below = (await linuxMounts.list()).filter(m => m.target === target || m.target.startsWith(`${target}/`))
    for (const mount of below.reverse()) await linuxProcesses.run('umount', ['--lazy', mount.target])
  },
}

/** Reads the text of /proc/PID/mountinfo, in its order: later ones cover earlier ones. */
export function parseMounts(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter(line => line)
    .map(line => {
      const fields = line.split(' ')
      const dash = fields.indexOf('-', 6)
      return {
        id: Number(fields[0]),
        parent: Number(fields[1]),
        root: plain(fields[3]!),
        target: plain(fields[4]!),
        options: fields[5]!.split(','),
        propagation: fields.slice(6, dash),
        type: fields[dash + 1]!,
        source: plain(fields[dash + 2]!),
        superOptions: fields[dash + 3]!.split(','),
      }
    })
}

/** The kernel writes space, tab, newline and backslash as octal escapes. */
function plain(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
