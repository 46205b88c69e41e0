/** Lets etcd forget old revisions, by one of the API servers at a time: the way of upstream's servers, who may take part. */
import { type Clock, systemClock } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import type { Storage } from '../storage.ts'

/** Upstream's key, outside of all objects. */
const key = 'compact_rev_key'
const log = logger('compaction')

/**
 * Every `interval` milliseconds forgets what was old an interval ago. Who writes the key first compacts; the others only
 * learn of it.
 */
export function keepCompacted(storage: Storage, interval: number, clock: Clock = systemClock): { stop(): void } {
  let known = 0
  let cancel: () => void = () => undefined
  let stopped = false
  async function round(): Promise<void> {
    const revision = await storage.revision()
    const written = await storage.put(key, Buffer.from(String(revision)), { expect: known })
    if (!written.ok) {
      known = written.current?.modRevision ?? 0
      return
    }
    known = written.revision
    const before = Number(written.previous ? Buffer.from(written.previous.value).toString() : 0)
    if (before > 0) await storage.compact(before)
  }
  const later = () => {
    cancel = clock.after(interval, () => {
      void round()
        .catch(error => {
          if (!stopped) log.warn({ error: (error as Error).message }, 'old revisions were not forgotten; trying later')
        })
        .finally(() => {
          if (!stopped) later()
        })
    })
  }
  later()
  return {
    stop() {
      stopped = true
      cancel()
    },
  }
}
