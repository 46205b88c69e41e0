/** Keeps the logs of containers small: 5 files of 10 MiB each, the newest uncompressed ones first. */
import { logger } from '../../base/log.ts'
import type { Host } from '../../host/host.ts'
import { logPath } from '../pod/container-config.ts'
import type { PodDeps } from '../pod/deps.ts'
import type { PodSet } from '../pod/pod-set.ts'

const mostBytes = 10 << 20
const mostFiles = 5
const log = logger('kubelet')

/** Looks at the logs of all running containers. */
export async function rotateLogs(deps: PodDeps, set: PodSet): Promise<void> {
  for (const { runtime } of set.workers()) {
    for (const { id, name, attempt, state } of runtime.containers) {
      if (state !== 'running') continue
      const file = `${deps.paths.logs(runtime)}/${logPath(name, attempt)}`
      const facts = await deps.host.files.facts(file)
      if (!facts || facts.size < mostBytes) continue
      await rotate(deps, file, id).catch(error => log.warn({ file, error: String(error) }, 'cannot rotate a log'))
    }
  }
}

async function rotate(deps: PodDeps, file: string, containerId: string): Promise<void> {
  const { host, cri, clock } = deps
  const stamp = new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')
  const old = `${file}.${stamp}`
  await host.files.rename(file, old)
  try {
    await cri.reopenContainerLog(containerId)
  } catch (error) {
    // The runtime writes on into the renamed file: give it back its name, or its lines would be lost from sight.
    await host.files.rename(old, file)
    throw error
  }
  await removeOldest(host, file)
}

async function removeOldest(host: Host, file: string): Promise<void> {
  const slash = file.lastIndexOf('/')
  const [folder, name] = [file.slice(0, slash), file.slice(slash + 1)]
  const rotated = (await host.files.list(folder)).filter(other => other.startsWith(`${name}.`)).sort()
  for (const other of rotated.slice(0, Math.max(0, rotated.length - (mostFiles - 1)))) {
    await host.files.remove(`${folder}/${other}`)
  }
}
