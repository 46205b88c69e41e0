/** The process `kube-scheduler`. */
import { systemClock } from '../base/clock.ts'
import { startComponents } from './components.ts'
import { runElected, type WithLeaderFlags } from './elected.ts'
import type { kubeSchedulerFlags } from './flags/kube-scheduler.ts'

/** Runs until the process is told to stop, or the lead is lost; resolves to the exit code. */
export function runKubeScheduler(flags: WithLeaderFlags<typeof kubeSchedulerFlags>): Promise<number> {
  return runElected({
    name: 'kube-scheduler',
    flags,
    start: client => startComponents({ scheduler: { client }, clock: systemClock }),
  })
}
