/** Node as containers run it, for the machine's own processes: its pages are in memory once, not twice. */
import { dirname } from 'node:path'
import type { Host } from '../../../host/host.ts'
import { containerdDefaults } from '../containerd.ts'

const snapshots = `${containerdDefaults.root}/io.containerd.snapshotter.v1.overlayfs/snapshots`

/**
 * A second name, `at`, for the Node in our own image as containerd has unpacked it, if that is the very same program as
 * `node`. The name keeps the file when containerd removes it. Else `node` itself: another runtime or snapshotter, another
 * file system, or an image that was packed with another Node.
 */
export async function sharedNode({ files, processes }: Host, node: string, at: string): Promise<string> {
  const same = async (file: string) => (await processes.run('cmp', ['-s', file, node], { okCodes: [1, 2] })).code === 0
  for (const snapshot of await files.list(snapshots)) {
    const unpacked = `${snapshots}/${snapshot}/fs/node`
    if ((await files.facts(unpacked))?.type !== 'file' || !(await same(unpacked))) continue
    await files.makeDirectory(dirname(at))
    // It ends with 1 when they are one file already, and when they cannot be.
    await processes.run('ln', ['-f', unpacked, at], { okCodes: [1] })
    return (await same(at)) ? at : node
  }
  return node
}
