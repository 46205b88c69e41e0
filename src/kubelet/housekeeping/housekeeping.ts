/** Work that comes round now and then: leftovers of pods nobody knows, dead containers, logs that grow. */
import { delay } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import type { PodDeps } from '../pod/deps.ts'
import type { PodSet } from '../pod/pod-set.ts'
import { collectContainers } from './garbage.ts'
import { rotateLogs } from './log-rotation.ts'
import { removeOrphans } from './orphans.ts'

export interface HousekeepingOptions {
  readonly deps: PodDeps
  readonly set: PodSet
  /** Before all sources have told of their pods, nothing may be called an orphan. */
  readonly sourcesReady: () => boolean
  /** More that wants doing each time. */
  readonly every: () => void
}

const firstAfter = 1_000
const each = 10_000
/** Orphans and garbage are looked for every so many times. */
const rarely = 6
const log = logger('kubelet')

export function startHousekeeping(options: HousekeepingOptions): { stop(): void } {
  const { deps, set } = options
  const stop = new AbortController()

  async function run(): Promise<void> {
    let cleaned = false
    for (let turn = 0; !stop.signal.aborted; turn++) {
      await delay(turn === 0 || !cleaned ? firstAfter : each, stop.signal, deps.clock).catch(() => {})
      if (stop.signal.aborted) return
      options.every()
      const jobs: (() => Promise<void>)[] = [() => rotateLogs(deps, set)]
      if (options.sourcesReady() && (!cleaned || turn % rarely === 0)) {
        jobs.push(
          () => removeOrphans(deps, set),
          () => collectContainers(deps, set),
        )
        cleaned = true
      }
      for (const job of jobs) {
        await job().catch(error => log.warn({ error: String(error) }, 'housekeeping failed; trying again later'))
      }
    }
  }
  void run()
  return { stop: () => stop.abort() }
}
