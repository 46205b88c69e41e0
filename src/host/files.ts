/** Files and folders. All paths are absolute; failures are HostErrors with the errno name as code. */
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import {
  appendFile,
  chmod,
  chown,
  copyFile,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { overwriteFile } from '../base/overwrite-file.ts'
import { attempt, errorCode, HostError } from './host-error.ts'
import { linuxMounts } from './mounts.ts'

export interface FileFacts {
  readonly type: 'file' | 'directory' | 'symlink' | 'socket' | 'block' | 'character' | 'fifo'
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly device: number
  readonly modified: number
}

export interface WriteOptions {
  /** Permission bits; default 0644. */
  readonly mode?: number
  readonly owner?: { readonly uid: number; readonly gid: number }
}

export interface Files {
  read(path: string): Promise<string>
  readBytes(path: string): Promise<Uint8Array>
  /** Undefined when there is no such file. */
  readIfThere(path: string): Promise<string | undefined>
  exists(path: string): Promise<boolean>
  /** Of the thing itself, not of what a symbolic link points to; undefined when there is none. */
  facts(path: string): Promise<FileFacts | undefined>
  /** Names in a folder, sorted; empty when it does not exist. */
  list(path: string): Promise<readonly string[]>
  readLink(path: string): Promise<string | undefined>
  /** Replaces the file in one step (a reader sees the old or the new content); makes parent folders. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>
  /**
   * Writes into the file as it is, for one that is mounted somewhere by itself: there, a file in its place is not seen. A
   * reader may see a part of it, and a crash leaves one. Fails when it is not there.
   */
  overwrite(path: string, content: string): Promise<void>
  append(path: string, content: string): Promise<void>
  /** With its parents; sets the mode of the last one even if it exists. */
  makeDirectory(path: string, options?: WriteOptions): Promise<void>
  /** Replaces what is there in one step, unless it is a folder. */
  symlink(target: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  copy(from: string, to: string): Promise<void>
  changeMode(path: string, mode: number): Promise<void>
  changeOwner(path: string, owner: { readonly uid: number; readonly gid: number }): Promise<void>
  /** With everything below; fine if it is not there. Refuses (code EBUSY) when something is mounted in it. */
  remove(path: string): Promise<void>
}

/** The files of this machine. */
export const linuxFiles: Files = {
  read: path => attempt('read', path, () => readFile(path, 'utf8')),
  readBytes: path => attempt('read', path, () => readFile(path)),
  readIfThere: path => attempt('read', path, () => unlessMissing(readFile(path, 'utf8'))),
  exists: async path => (await linuxFiles.facts(path)) !== undefined,
  facts: path =>
    attempt('look at', path, async () => {
      const stats = await unlessMissing(lstat(path))
      return stats && factsOf(stats)
    }),
  list: path => attempt('list', path, async () => ((await unlessMissing(readdir(path))) ?? []).sort()),
  readLink: path => attempt('read link', path, () => unlessMissing(readlink(path))),
  write: (path, content, options = {}) => attempt('write', path, () => replace(path, content, options)),
  overwrite: (path, content) => attempt('write into', path, () => overwriteFile(path, content)),
  append: (path, content) => attempt('append to', path, () => appendFile(path, content)),
  makeDirectory: (path, { mode = 0o755, owner } = {}) =>
    attempt('make folder', path, async () => {
      // One by one: a recursive mkdir would give the mode to the parents too.
      await mkdir(dirname(path), { recursive: true })
      await mkdir(path, { mode }).catch(error => {
        if (errorCode(error) !== 'EEXIST') throw error
      })
      await chmod(path, mode)
      if (owner) await chown(path, owner.uid, owner.gid)
    }),
  symlink: (target, path) =>
    attempt('link', path, async () => {
      const temporary = temporaryName(path)
      await mkdir(dirname(path), { recursive: true })
      await symlink(target, temporary)
      await renameOrUndo(temporary, path)
    }),
  rename: (from, to) => attempt('rename', `${from} to ${to}`, () => rename(from, to)),
  copy: (from, to) => attempt('copy', `${from} to ${to}`, () => copyFile(from, to)),
  changeMode: (path, mode) => attempt('change the mode of', path, () => chmod(path, mode)),
  changeOwner: (path, owner) => attempt('change the owner of', path, () => lchown(path, owner.uid, owner.gid)),
  remove: path =>
    attempt('remove', path, async () => {
      const inside = (await linuxMounts.list()).find(m => m.target === path || m.target.startsWith(`${path}/`))
      if (inside) {
        throw new HostError({
          verb: 'remove',
          target: path,
          code: 'EBUSY',
          message: `${inside.target} is mounted there`,
        })
      }
      await rm(path, { recursive: true, force: true })
    }),
}

async function replace(path: string, content: string | Uint8Array, options: WriteOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = temporaryName(path)
  const file = await open(temporary, 'wx', options.mode ?? 0o644)
  try {
    await file.writeFile(content)
    // open() applies the umask.
    await file.chmod(options.mode ?? 0o644)
    if (options.owner) await file.chown(options.owner.uid, options.owner.gid)
    await file.datasync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await renameOrUndo(temporary, path)
}

async function renameOrUndo(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
}

async function unlessMissing<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function factsOf(stats: Stats): FileFacts {
  const { size, mode, uid, gid, dev: device, mtimeMs: modified } = stats
  return { type: typeOf(stats), size, mode: mode & 0o7777, uid, gid, device, modified }
}

function typeOf(stats: Stats): FileFacts['type'] {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isSocket()) return 'socket'
  if (stats.isBlockDevice()) return 'block'
  return stats.isCharacterDevice() ? 'character' : 'fifo'
}
