/** Notices what happens in the runtime: by its events, and by looking at everything now and then. */
import { type Clock, delay } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import type { Cri } from '../cri/cri.ts'
import { containerEvents } from '../cri/events.ts'
import { podUidLabel } from '../labels.ts'
import type { RuntimePod } from './runtime-pod.ts'
import type { RuntimeReader } from './runtime-reader.ts'

export interface RuntimeWatchOptions {
  readonly cri: Cri
  readonly clock: Clock
  readonly reader: RuntimeReader
  /** The pod's containers or sandboxes are not what they were. */
  readonly changed: (podUid: string) => void
  /** After each look: all pods the runtime has anything of. */
  readonly looked?: (pods: ReadonlyMap<string, RuntimePod>) => void
}

const lookEvery = 10_000
/** When to ask whether a container that ended has ended, milliseconds apart. */
const settling = [0, 10, 20, 50, 100, 300, 1_000]
const settled = 300
const log = logger('kubelet')

export function watchRuntimePods(options: RuntimeWatchOptions): { look(): Promise<void>; stop(): Promise<void> } {
  const { cri, clock, reader, changed } = options
  const stop = new AbortController()
  let before: ReadonlyMap<string, string> = new Map()

  async function look(): Promise<void> {
    const pods = await reader.all()
    const now = new Map([...pods].map(([uid, pod]) => [uid, signature(pod)]))
    for (const uid of new Set([...before.keys(), ...now.keys()])) if (before.get(uid) !== now.get(uid)) changed(uid)
    before = now
    options.looked?.(pods)
  }

  /** Tells of an end as soon as the runtime admits it: its events may be ahead of its own records. */
  async function ended(id: string): Promise<void> {
    for (const wait of settling) {
      await delay(wait, stop.signal, clock)
      const found = await cri.containerStatus(id).catch(() => undefined)
      if (!found) return sandboxEnded(id)
      if (found.status.state === 'CONTAINER_EXITED') return tell(found.status.labels[podUidLabel])
    }
  }

  async function sandboxEnded(id: string): Promise<void> {
    const uid = reader.podOf(id)
    if (uid === undefined) return look()
    tell(uid)
    await delay(settled, stop.signal, clock)
    tell(uid)
  }

  function tell(uid: string | undefined): void {
    if (uid) changed(uid)
  }

  async function listen(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        for await (const { containerId, type } of containerEvents(cri, stop.signal)) {
          // What we start ourselves we know already.
          if (type !== 'stopped' && type !== 'oom') continue
          void ended(containerId).catch(() => {})
        }
      } catch (error) {
        log.warn({ error: String(error) }, 'lost the events of the container runtime; listening again')
      }
      await delay(1_000, stop.signal, clock).catch(() => {})
    }
  }

  async function lookOften(): Promise<void> {
    while (!stop.signal.aborted) {
      await delay(lookEvery, stop.signal, clock).catch(() => {})
      if (stop.signal.aborted) return
      await look().catch(error => log.warn({ error: String(error) }, 'cannot list the containers'))
    }
  }

  const running = [listen(), lookOften()]
  return {
    look,
    stop: async () => {
      stop.abort()
      await Promise.all(running)
    },
  }
}

function signature({ sandboxes, containers }: RuntimePod): string {
  return [...sandboxes.map(s => `${s.id}${s.ready}`), ...containers.map(c => `${c.id}${c.state}`)].sort().join()
}
