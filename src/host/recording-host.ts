/**
 * A machine where nothing happens: every change is written down instead, for --dry-run and tests. Reads see files
 * written before, then those of the machine below (if one is given).
 */
import { dirname } from 'node:path'
import { linuxAddresses } from './addresses.ts'
import type { Cgroups } from './cgroups.ts'
import type { FileFacts, Files } from './files.ts'
import type { Host } from './host.ts'
import { HostError } from './host-error.ts'
import { linuxModules } from './modules.ts'
import { linuxNftables } from './nftables.ts'
import { debianPackages } from './packages.ts'
import type { Processes, ProcessId, RunResult } from './processes.ts'
import { linuxSystemd } from './systemd.ts'

/** One change that was asked for. `detail` is a file's text, a command's input, a mode. */
export interface Effect {
  readonly verb: string
  readonly target: string
  readonly detail?: string
}

export interface RecordingHost extends Host {
  readonly effects: readonly Effect[]
}

export interface RecordingOptions {
  /** Where reads of what was not written here go; absent: an empty machine. */
  readonly under?: Host
  /** Files that exist at the start. */
  readonly files?: Readonly<Record<string, string>>
  /** What commands answer, by the command line's beginning; default: exit code 0 and no output. */
  readonly answers?: Readonly<Record<string, string>>
}

/** A fresh recording machine. */
export function recordingHost(options: RecordingOptions = {}): RecordingHost {
  const effects: Effect[] = []
  const record = async (verb: string, target: string, detail?: string) => {
    effects.push({ verb, target, ...(detail === undefined ? {} : { detail }) })
  }
  const files = recordingFiles(options, record)
  const processes = recordingProcesses(options, record)
  return {
    effects,
    files,
    processes,
    addresses: options.under?.addresses ?? {
      ...linuxAddresses(processes),
      hostname: () => 'recorded',
      list: () => [],
      defaultRoute: async () => undefined,
      own: async () => '192.0.2.1',
    },
    nftables: linuxNftables(processes),
    packages: { ...debianPackages(processes), supported: async () => true, missing: async names => names },
    modules: linuxModules(files, processes),
    systemd: linuxSystemd(files, processes),
    mounts: {
      list: async () => (await options.under?.mounts.list()) ?? [],
      isMountPoint: async path => (await options.under?.mounts.isMountPoint(path)) ?? false,
      tmpfs: target => record('mount tmpfs', target),
      bind: (source, target) => record('mount', target, source),
      makeShared: target => record('make shared', target),
      unmount: target => record('unmount', target),
    },
    sysctl: {
      get: async name => options.under?.sysctl.get(name),
      set: (name, value) => record('set', name, String(value)),
      trySet: async (name, value) => {
        await record('set', name, String(value))
        return true
      },
    },
    cgroups: async () => recordingCgroups(record),
  }
}

type RecordEffect = (verb: string, target: string, detail?: string) => Promise<void>

function recordingFiles({ under, files: initial = {} }: RecordingOptions, record: RecordEffect): Files {
  /** Undefined: removed here. */
  const written = new Map<string, Uint8Array | undefined>(Object.entries(initial).map(([k, v]) => [k, Buffer.from(v)]))
  const removed = (path: string) => [...written].some(([p, v]) => !v && (path === p || path.startsWith(`${p}/`)))
  const missing = (path: string) =>
    new HostError({ verb: 'read', target: path, code: 'ENOENT', message: 'no such file' })
  const bytes = async (path: string): Promise<Uint8Array | undefined> => {
    if (written.get(path)) return written.get(path)
    if (removed(path) || !(await under?.files.exists(path))) return undefined
    return under?.files.readBytes(path)
  }
  const isFolder = (path: string) => [...written].some(([p, v]) => v && dirname(p).startsWith(path))
  const files: Files = {
    readBytes: async path => {
      const content = await bytes(path)
      if (!content) throw missing(path)
      return content
    },
    read: async path => Buffer.from(await files.readBytes(path)).toString(),
    readIfThere: async path => {
      const content = await bytes(path)
      return content && Buffer.from(content).toString()
    },
    exists: async path => (await files.facts(path)) !== undefined,
    facts: async path => {
      const content = written.get(path)
      if (content) return { ...plainFile, size: content.length }
      if (isFolder(path)) return { ...plainFile, type: 'directory', mode: 0o755 }
      return removed(path) ? undefined : under?.files.facts(path)
    },
    list: async path => {
      const here = [...written]
        .filter(([p, v]) => v && p.startsWith(`${path}/`))
        .map(([p]) => p.slice(path.length + 1).split('/')[0]!)
      const below = (await under?.files.list(path)) ?? []
      return [...new Set([...here, ...below.filter(name => !removed(`${path}/${name}`))])].sort()
    },
    readLink: async path => under?.files.readLink(path),
    write: async (path, content, { mode } = {}) => {
      written.set(path, Buffer.from(content))
      await record('write', path, mode === undefined ? undefined : mode.toString(8))
    },
    overwrite: async (path, content) => {
      if (!(await bytes(path))) throw missing(path)
      written.set(path, Buffer.from(content))
      await record('write into', path)
    },
    append: async (path, content) => {
      written.set(path, Buffer.concat([(await bytes(path)) ?? Buffer.alloc(0), Buffer.from(content)]))
      await record('append to', path)
    },
    makeDirectory: (path, { mode } = {}) => record('make folder', path, mode?.toString(8)),
    symlink: (target, path) => record('link', path, target),
    rename: async (from, to) => {
      const content = await bytes(from)
      if (content) written.set(to, content)
      written.set(from, undefined)
      await record('rename', from, to)
    },
    copy: async (from, to) => {
      const content = await bytes(from)
      if (content) written.set(to, content)
      await record('copy', from, to)
    },
    changeMode: (path, mode) => record('change mode', path, mode.toString(8)),
    changeOwner: (path, { uid, gid }) => record('change owner', path, `${uid}:${gid}`),
    remove: async path => {
      for (const name of written.keys()) if (name.startsWith(`${path}/`)) written.delete(name)
      written.set(path, undefined)
      await record('remove', path)
    },
  }
  return files
}

const plainFile: FileFacts = { type: 'file', size: 0, mode: 0o644, uid: 0, gid: 0, device: 0, modified: 0 }

function recordingProcesses({ under, answers = {} }: RecordingOptions, record: RecordEffect): Processes {
  const answer = async (line: string, input?: string): Promise<RunResult> => {
    await record('run', line, input)
    const key = Object.keys(answers).find(start => line.startsWith(start))
    return { code: 0, stdout: key === undefined ? '' : answers[key]!, stderr: '' }
  }
  const nobody: ProcessId = { pid: 0, startTime: 0 }
  return {
    run: (command, args, { input } = {}) =>
      answer([command, ...args].join(' '), input === undefined ? undefined : Buffer.from(input).toString()),
    find: async command => (under ? under.processes.find(command) : `/usr/bin/${command}`),
    daemon: async ({ command, args }) => {
      await record('start', [command, ...args].join(' '))
      return nobody
    },
    running: async pidFile => under?.processes.running(pidFile),
    alive: async () => false,
    matching: async () => [],
    signal: async (id, signal) => {
      await record(signal, `process ${id.pid}`)
      return true
    },
    stop: id => record('stop', `process ${id.pid}`),
  }
}

function recordingCgroups(record: RecordEffect): Cgroups {
  const groups = new Set<string>()
  return {
    version: 2,
    parent: path => path,
    create: async (path, limits) => {
      groups.add(path)
      await record('make cgroup', path, JSON.stringify(limits ?? {}))
    },
    update: (path, limits) => record('limit cgroup', path, JSON.stringify(limits)),
    exists: async path => groups.has(path),
    children: async path => [...groups].filter(g => dirname(g) === path).map(g => g.slice(path.length + 1)),
    usage: async path => {
      throw new HostError({ verb: 'read usage of cgroup', target: path, code: 'ENOENT', message: 'nothing runs here' })
    },
    processes: async () => [],
    kill: path => record('kill cgroup', path),
    join: (path, pid) => record('join cgroup', path, String(pid)),
    remove: async path => {
      for (const group of groups) if (group === path || group.startsWith(`${path}/`)) groups.delete(group)
      await record('remove cgroup', path)
    },
  }
}
