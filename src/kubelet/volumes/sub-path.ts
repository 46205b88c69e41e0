/** A part of a volume as a mount of its own, so that no symbolic link in the volume leads out of it. */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, realpath, stat } from 'node:fs/promises'
import type { Host } from '../../host/host.ts'

/** Linux's O_PATH, which Node does not name: a handle that only says where something is. */
const O_PATH = 0o10000000

/** Binds `volume/subPath` (a folder is made when nothing is there) to `target`, which then cannot be led astray. */
export async function bindSubPath(
  host: Host,
  options: { readonly volume: string; readonly subPath: string; readonly target: string; readonly mode: number },
): Promise<void> {
  const { volume, subPath, target } = options
  const root = await realpath(volume)
  const wanted = await existing(root, subPath, options.mode)
  const handle = await openBelow(root, wanted)
  try {
    const facts = await handle.stat()
    if (await host.mounts.isMountPoint(target)) {
      const there = await stat(target)
      if (there.ino === facts.ino && there.dev === facts.dev) return
      // The volume's files were replaced since: a container that starts now gets the new ones.
      await host.mounts.unmount(target)
    }
    if (facts.isDirectory()) await host.files.makeDirectory(target)
    else await host.files.write(target, '')
    // Not canonicalized: the handle, not the path it had, is what gets mounted.
    const source = `/proc/${process.pid}/fd/${handle.fd}`
    await host.processes.run('mount', ['--no-canonicalize', '--bind', source, target])
  } finally {
    await handle.close()
  }
}

/** The real path of the part, below `root`; what is missing is made, one folder after the other. */
async function existing(root: string, subPath: string, mode: number): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..'))
    throw new Error(`subPath ${subPath} leads out of the volume`)
  let at = root
  for (const name of subPath.split('/').filter(n => n && n !== '.')) {
    const next = `${at}/${name}`
    const real = await realpath(next).catch(error => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    })
    if (real === undefined) await mkdir(next, { mode })
    at = real ?? next
    if (at !== root && !at.startsWith(`${root}/`)) throw new Error(`subPath ${subPath} leads out of the volume`)
  }
  return at
}

/** Walks down without following links, so that nobody can put one in between. */
async function openBelow(root: string, path: string): Promise<FileHandle> {
  let handle = await open(root, O_PATH | constants.O_NOFOLLOW)
  for (const name of path
    .slice(root.length)
    .split('/')
    .filter(n => n)) {
    const next = await open(`/proc/self/fd/${handle.fd}/${name}`, O_PATH | constants.O_NOFOLLOW).finally(() =>
      handle.close(),
    )
    handle = next
  }
  return handle
}
