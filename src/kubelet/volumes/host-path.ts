import { stat } from 'node:fs/promises'
import type { Host } from '../../host/host.ts'

type Kind = 'directory' | 'file' | 'socket' | 'character device' | 'block device'

/** Type of the volume -> what must be there. */
const wanted: Readonly<Record<string, Kind>> = {
  Directory: 'directory',
  DirectoryOrCreate: 'directory',
  File: 'file',
  FileOrCreate: 'file',
  Socket: 'socket',
  CharDevice: 'character device',
  BlockDevice: 'block device',
}

/** Makes or checks the path as the type says; throws with upstream's words. */
export async function prepareHostPath(host: Host, path: string, type: string): Promise<void> {
  if (type === '') return
  const kind = wanted[type]
  if (!kind) throw new Error(`${type} is an invalid volume type`)
  const there = await kindOf(path)
  if (there === undefined && type === 'DirectoryOrCreate') return host.files.makeDirectory(path)
  if (there === undefined && type === 'FileOrCreate') return host.files.write(path, '')
  if (there !== kind) throw new Error(`hostPath type check failed: ${path} is not a ${kind}`)
}

async function kindOf(path: string): Promise<Kind | 'other' | undefined> {
  const stats = await stat(path).catch(() => undefined)
  if (!stats) return undefined
  if (stats.isDirectory()) return 'directory'
  if (stats.isFile()) return 'file'
  if (stats.isSocket()) return 'socket'
  if (stats.isCharacterDevice()) return 'character device'
  return stats.isBlockDevice() ? 'block device' : 'other'
}
