/** The cgroups of the lab's machines: one below /kobune-lab in every hierarchy. */
import { existsSync, readdirSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { delay } from '../../../src/base/clock.ts'

const root = '/sys/fs/cgroup'
/** The parent of all machines' groups. */
export const groupsParent = '/kobune-lab'

/** The cgroup file systems of this machine: one in v2, one for each controller in v1. */
function hierarchies(): string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root]
  return readdirSync(root, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? [join(root, entry.name)] : [],
  )
}

/** Removes a group and all below it, once its processes have ended; answers the folders that would not go. */
export async function removeGroup(group: string): Promise<readonly string[]> {
  let left: string[] = []
  for (let attempt = 0; attempt < 50; attempt++) {
    left = []
    for (const at of hierarchies()) {
      const folder = join(at, group)
      if (!existsSync(folder)) continue
      await removeTree(folder).catch(() => left.push(folder))
    }
    if (left.length === 0) break
    await delay(50)
  }
  for (const at of hierarchies()) await rmdir(join(at, groupsParent)).catch(() => {})
  return left
}

async function removeTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  }
  await rmdir(folder)
}
