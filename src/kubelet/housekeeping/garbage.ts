import type { PodDeps } from '../pod/deps.ts'
import type { PodSet } from '../pod/pod-set.ts'
import type { RuntimePod } from '../pod/runtime-pod.ts'

/** Dead containers kept per name besides the newest: the last one, for its log and its state. */
const keptDead = 1
/** Younger ones may still be looked at. Milliseconds. */
const youngest = 60_000

/** Removes dead containers and sandboxes that have successors. */
export async function collectContainers(deps: PodDeps, set: PodSet): Promise<void> {
  for (const [uid, pod] of await deps.reader.all()) {
    if (!set.worker(uid)) continue
    for (const id of superfluousContainers(pod, deps.clock.now())) await deps.cri.removeContainer(id)
    for (const sandbox of pod.sandboxes.slice(1)) {
      if (sandbox.ready || pod.containers.some(c => c.sandboxId === sandbox.id)) continue
      await deps.cri.removePodSandbox(sandbox.id)
    }
  }
}

/** Ids of dead containers beyond those kept, of each name. */
export function superfluousContainers(pod: RuntimePod, now: number): readonly string[] {
  const names = new Set(pod.containers.map(c => c.name))
  return [...names].flatMap(name => {
    const dead = pod.containers
      .filter(c => c.name === name)
      .slice(1)
      .filter(c => c.state === 'exited' || c.state === 'created')
    return dead
      .slice(keptDead)
      .filter(c => now - c.createdAt > youngest)
      .map(c => c.id)
  })
}
