import { events } from '../api/core/v1/event.ts'
import type { ObjectReference } from '../api/core/v1/object-reference.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { type Clock, rfc3339, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { isNotFound } from '../machinery/status-error.ts'

/** Tells people what happened to an object (`kubectl describe`). Never fails and never waits: events may be lost. */
export interface EventRecorder {
  event(object: Involved, type: 'Normal' | 'Warning', reason: string, message: string): void
  /** Waits for events on their way. */
  flush(): Promise<void>
}

/** An object, or a reference to one (for a field of it: `fieldPath`). */
export type Involved = KubernetesObject | (ObjectReference & { readonly metadata?: undefined })

interface Known {
  readonly namespace: string
  readonly name: string
  count: number
}

/** How many distinct events are remembered for counting, and how many may be on their way. */
const remembered = 4096
const mostPending = 1000
/** A source may tell this many events about one object at once, then one every five minutes (upstream's spam filter). */
const burst = 25
const refill = 300_000
/** Upstream's limit of an event's message, characters. */
const longestMessage = 1024

const log = logger('events')

/** Writes events as `component` (and `host`), repeating ones as a growing count on the first. */
export function eventRecorder(
  client: Client,
  source: { readonly component: string; readonly host?: string },
  clock: Clock = systemClock,
): EventRecorder {
  const known = new Map<string, Known>()
  const tokens = new Map<string, { left: number; at: number }>()
  let pending = 0
  let last: Promise<void> = Promise.resolve()

  function allowed(object: string): boolean {
    const now = clock.now()
    const bucket = tokens.get(object) ?? { left: burst, at: now }
    bucket.left = Math.min(burst, bucket.left + (now - bucket.at) / refill)
    bucket.at = now
    tokens.delete(object)
    tokens.set(object, bucket)
    if (tokens.size > remembered) tokens.delete(tokens.keys().next().value!)
    if (bucket.left < 1) return false
    bucket.left -= 1
    return true
  }

  async function write(about: ObjectReference, type: string, reason: string, message: string): Promise<void> {
    const now = clock.now()
    const id = JSON.stringify([about.uid, about.name, about.fieldPath, type, reason, message])
    const before = known.get(id)
    if (before) {
      before.count++
      const patch = { count: before.count, lastTimestamp: rfc3339(now) }
      try {
        await client.patch(events, before, patch)
        return
      } catch (error) {
        if (!isNotFound(error)) throw error
        known.delete(id)
      }
    }
    const namespace = about.namespace || 'default'
    const name = `${about.name}.${(BigInt(now) * 1_000_000n + BigInt(Math.floor(Math.random() * 1e6))).toString(16)}`
    known.set(id, { namespace, name, count: 1 })
    if (known.size > remembered) known.delete(known.keys().next().value!)
    await client.create(events, {
      metadata: { namespace, name },
      involvedObject: about,
      type,
      reason,
      message,
      source,
      firstTimestamp: rfc3339(now),
      lastTimestamp: rfc3339(now),
      count: 1,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    })
  }

  return {
    event(object, type, reason, message) {
      const about = referenceOf(object)
      if (pending >= mostPending || !allowed(`${about.kind}/${about.namespace}/${about.name}/${about.uid}`)) return
      pending++
      last = last
        .then(() => write(about, type, reason, message.slice(0, longestMessage)))
        .catch(error => log.debug({ reason, error: String(error) }, 'event not written'))
        .finally(() => pending--)
    },
    flush: () => last,
  }
}

/** A reference to an object as events carry it. */
function referenceOf(object: Involved): ObjectReference {
  if (!object.metadata) return object as ObjectReference
  const { apiVersion, kind, metadata } = object as KubernetesObject
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace && { namespace: metadata.namespace }),
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
  }
}
