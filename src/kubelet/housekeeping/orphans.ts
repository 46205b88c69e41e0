/** What is left of pods that no source knows: they were deleted while the kubelet was away. */
import { logger } from '../../base/log.ts'
import type { PodDeps } from '../pod/deps.ts'
import { removePod } from '../pod/end-pod.ts'
import type { PodSet } from '../pod/pod-set.ts'
import type { RuntimePod } from '../pod/runtime-pod.ts'

const log = logger('kubelet')
/** Seconds to end by themselves: their pods' own wishes are gone with them. */
const grace = 2

/** Ends and removes them: containers, sandboxes, folders with their mounts, cgroups. */
export async function removeOrphans(deps: PodDeps, set: PodSet): Promise<void> {
  const known = (uid: string) => set.worker(uid) !== undefined
  const running = await deps.reader.all()
  for (const [uid, pod] of running) if (!known(uid)) await endOrphan(deps, pod)
  for (const uid of await deps.host.files.list(deps.paths.pods)) if (!known(uid)) await deps.volumes.tearDown(uid)
  for (const parent of ['', '/burstable', '/besteffort']) {
    const folder = `${deps.cgroupRoot}${parent}`
    for (const name of await deps.cgroups.children(folder)) {
      const uid = /^pod(.+)$/.exec(name)?.[1]
      if (uid && !known(uid)) await deps.cgroups.remove(`${folder}/${name}`)
    }
  }
  const logs = deps.paths.logs({ namespace: '', name: '', uid: '' }).replace(/\/__$/, '')
  for (const name of await deps.host.files.list(logs)) {
    const uid = name.split('_')[2]
    if (uid && !known(uid)) await deps.host.files.remove(`${logs}/${name}`)
  }
}

async function endOrphan(deps: PodDeps, pod: RuntimePod): Promise<void> {
  log.info({ pod: pod.name, namespace: pod.namespace, uid: pod.uid }, 'removing a pod nobody asks for')
  const alive = pod.containers.filter(c => c.state === 'running')
  await Promise.all(alive.map(c => deps.cri.stopContainer(c.id, grace)))
  await removePod(deps, pod)
}
