import type { ContainerStatus } from '../../api/core/v1/container-status.ts'
import { restartsAfter } from './restart.ts'
import { isSidecar, type Pod } from './types.ts'

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

interface Statuses {
  readonly init: readonly ContainerStatus[]
  readonly main: readonly ContainerStatus[]
}

/** The pod's phase by its containers. `ending`: nothing starts again, whatever the policy says. */
export function phaseOf(pod: Pod, { init, main }: Statuses, ending: boolean): Phase {
  const declaredInit = pod.spec.initContainers ?? []
  let initializing = false
  for (const status of init) {
    const container = declaredInit.find(c => c.name === status.name)!
    if (isSidecar(container)) {
      if (!status.started && !status.state?.terminated) initializing = true
      continue
    }
    const code = (status.state?.terminated ?? status.lastState?.terminated)?.exitCode
    if (code === 0 && status.state?.terminated) continue
    if (code && (ending || !restartsAfter(pod, 'init', container, code))) return 'Failed'
    initializing = true
  }
  const counts = { running: 0, ended: 0, succeeded: 0, waiting: 0, restarting: 0 }
  for (const status of main) {
    const container = pod.spec.containers.find(c => c.name === status.name)!
    const ended = status.state?.terminated ?? (status.state?.waiting && status.lastState?.terminated)
    if (status.state?.running) counts.running++
    else if (ended) {
      counts.ended++
      if (ended.exitCode === 0) counts.succeeded++
      if (!ending && restartsAfter(pod, 'main', container, ended.exitCode)) counts.restarting++
    } else counts.waiting++
  }
  const { running, ended, succeeded, waiting, restarting } = counts
  if (ending && running === 0) return ended > 0 && succeeded === main.length ? 'Succeeded' : 'Failed'
  if (initializing && running + ended === 0) return 'Pending'
  if (waiting > 0) return 'Pending'
  if (running > 0 || restarting > 0) return 'Running'
  return succeeded === ended ? 'Succeeded' : 'Failed'
}
