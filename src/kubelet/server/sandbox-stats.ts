import { logger } from '../../base/log.ts'
import type { Cri } from '../cri/cri.ts'
import type { PodSandboxStats } from '../cri/types.ts'

const log = logger('kubelet')

/**
 * What pods use, as the runtime counts it. Of one that has ended there is nothing to count, and containerd 1.6 then tells
 * of none at all where control groups are of version 2: those that run are asked one by one.
 */
export async function sandboxStats(
  cri: Pick<Cri, 'listPodSandboxStats' | 'listPodSandbox' | 'podSandboxStats'>,
): Promise<readonly PodSandboxStats[]> {
  try {
    return await cri.listPodSandboxStats()
  } catch (error) {
    log.debug({ error: (error as Error).message }, 'the runtime cannot count all pods at once')
  }
  const running = await cri.listPodSandbox({ state: 'SANDBOX_READY' })
  const found = await Promise.all(running.map(({ id }) => cri.podSandboxStats(id).catch(() => undefined)))
  return found.filter(stats => stats !== undefined)
}
