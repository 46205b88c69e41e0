/** Brings statuses of pods to the API server: the newest of each pod, one write at a time per pod, nothing unchanged. */
import { pods } from '../../api/core/v1/pod.ts'
import type { PodStatus } from '../../api/core/v1/pod-status.ts'
import { type Clock, delay } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import { statusPatch } from './status.ts'
import type { Pod } from './types.ts'

export interface StatusWriter {
  /** `pod` is the API's object (a static pod's is its mirror). */
  write(pod: Pod, status: PodStatus): void
  /** What was last written or is on its way, which the watch may not have told yet. */
  latest(podUid: string): PodStatus | undefined
  /** Resolves when the pod's status is there (or can not be any more). */
  settled(podUid: string): Promise<void>
  forget(podUid: string): void
  stop(): void
}

interface Entry {
  /** What the API server has, as far as we know. */
  known: Pod
  wanted: PodStatus
  /** Something was asked for since the running write began to look. */
  asked: boolean
  running: Promise<void> | undefined
}

const log = logger('kubelet')

/** A writer over a client; without one (no API server) statuses are only kept. */
export function statusWriter(client: Client | undefined, clock: Clock): StatusWriter {
  const entries = new Map<string, Entry>()
  const stop = new AbortController()

  async function run(entry: Entry): Promise<void> {
    for (let wait = 200; !stop.signal.aborted; ) {
      entry.asked = false
      const patch = statusPatch(entry.known, entry.wanted)
      if (!patch || !client) return
      const { name, namespace } = entry.known.metadata
      try {
        entry.known = await client.patch(pods, { name, namespace }, patch, { type: 'strategic', subresource: 'status' })
        // Whatever differs still is what an older API server does not know: the same again would change nothing.
        return
      } catch (error) {
        // Gone, or another pod has its name: nobody to tell.
        if (isNotFound(error) || isConflict(error)) return
        log.warn({ pod: name, error: String(error) }, 'cannot write the status of a pod; trying again')
        await delay(wait, stop.signal, clock).catch(() => {})
        wait = Math.min(10_000, wait * 2)
      }
    }
  }

  function start(entry: Entry): void {
    entry.running = run(entry).finally(() => {
      entry.running = undefined
      if (entry.asked && !stop.signal.aborted) start(entry)
    })
  }

  return {
    write(pod, status) {
      const { uid, resourceVersion } = pod.metadata
      let entry = entries.get(uid)
      if (!entry) entries.set(uid, (entry = { known: pod, wanted: status, asked: true, running: undefined }))
      // Newer than what our own last write answered, when others wrote too.
      else if (isNewer(resourceVersion, entry.known.metadata.resourceVersion)) entry.known = pod
      entry.wanted = status
      entry.asked = true
      if (!entry.running) start(entry)
    },
    latest: podUid => entries.get(podUid)?.wanted,
    settled: async podUid => {
      while (entries.get(podUid)?.running) await entries.get(podUid)!.running
    },
    forget: podUid => void entries.delete(podUid),
    stop: () => stop.abort(),
  }
}

function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length
}
