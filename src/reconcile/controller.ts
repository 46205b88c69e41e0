/**
 * What all controllers share. A controller declares the kind it keeps, and which other kinds lead to which of its keys;
 * its reconcile function takes a key and makes the world match it. It is never told what happened, only where to look.
 */
import type { KubernetesObject } from '../api/group-version.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Logger, logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { type Informer, type InformerSet, keyOf } from '../client/informer.ts'
import { isConflict, isNotFound } from '../machinery/status-error.ts'
import type { AnyResource, ObjectOf } from '../schema/resource.ts'
import type { EventRecorder } from './event-recorder.ts'
import { WorkQueue } from './work-queue.ts'

/** What a controller is given to work with. */
export interface ControllerContext {
  readonly client: Client
  readonly informers: InformerSet
  readonly recorder: EventRecorder
  readonly clock: Clock
}

export interface ReconcileContext extends ControllerContext {
  readonly log: Logger
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal
  /** Work on a key of this controller later; it keeps no count of failures. */
  again(key: string, ms: number): void
}

/** Throw to retry with back-off. `after` (ms): look again then even if nothing happens. */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<{ readonly after: number } | undefined>

/** Changes of `resource` lead to work on `keys`; `old` is what an updated object was before. */
export interface Watch<R extends AnyResource = AnyResource> {
  readonly resource: R
  readonly keys: (object: ObjectOf<R> & KubernetesObject, context: ControllerContext) => Iterable<string>
}

/** A watch with its types checked: `on(pods, pod => [...])`. */
export function on<R extends AnyResource>(resource: R, keys: Watch<R>['keys']): Watch {
  return { resource, keys: keys as unknown as Watch['keys'] }
}

/** Keys of the objects' own, for the kind that a controller keeps. */
export function own(resource: AnyResource): Watch {
  return { resource, keys: object => [keyOf(object)] }
}

export interface ControllerOptions {
  readonly name: string
  readonly watches: readonly Watch[]
  /** Kinds read by reconcile besides those watched; their copies are there before the first key is worked on. */
  readonly reads?: readonly AnyResource[]
  /** How many keys are worked on at the same time. Default 4. */
  readonly workers?: number
  /** Names an index on a kind: [resource, name, values]. */
  readonly indexes?: readonly Index[]
  readonly reconcile: Reconcile
}

export interface Index {
  readonly resource: AnyResource
  readonly name: string
  readonly of: (object: never) => readonly string[]
}

/** An index with its types checked. */
export function indexOf<R extends AnyResource>(
  resource: R,
  name: string,
  of: (object: ObjectOf<R> & KubernetesObject) => readonly string[],
): Index {
  return { resource, name, of: of as never }
}

/** A controller, ready to be started with a context. */
export interface Controller {
  readonly name: string
  start(context: ControllerContext): RunningController
}

export interface RunningController {
  /** Waits for work under way to end. */
  stop(): Promise<void>
}

/** A running controller of this module's making. */
export interface RunningQueue extends RunningController {
  /** Works on a key although nothing of what is watched changed. */
  look(key: string): void
}

export interface QueueController extends Controller {
  start(context: ControllerContext): RunningQueue
}

export function controller(options: ControllerOptions): QueueController {
  return { name: options.name, start: context => start(options, context) }
}

function start(options: ControllerOptions, context: ControllerContext): RunningQueue {
  const log = logger(options.name)
  const queue = new WorkQueue({ clock: context.clock ?? systemClock })
  const stopping = new AbortController()
  const informers = new Set<Informer<AnyResource>>()
  const offs: (() => void)[] = []
  for (const { resource, name, of } of options.indexes ?? []) context.informers.of(resource).index(name, of as never)
  for (const resource of options.reads ?? []) informers.add(context.informers.of(resource))
  for (const watch of options.watches) {
    const informer = context.informers.of(watch.resource)
    informers.add(informer)
    const add = (object: KubernetesObject) => {
      for (const key of watch.keys(object as never, context)) queue.add(key)
    }
    const updated = (object: KubernetesObject, old: KubernetesObject) => {
      add(object)
      // What an object led to before (an owner, a selector's match) may need to know that it no longer does.
      if (watch.resource !== options.watches[0]!.resource) add(old)
    }
    offs.push(informer.on({ added: add, deleted: add, updated } as never))
  }
  const reconcileContext: ReconcileContext = {
    ...context,
    log,
    signal: stopping.signal,
    again: (key, ms) => queue.addAfter(key, ms),
  }
  const work = async () => {
    await Promise.all([...informers].map(informer => informer.synced))
    await Promise.all(Array.from({ length: options.workers ?? 4 }, () => worker(options, queue, reconcileContext)))
  }
  const working = work().catch(error => {
    if (!stopping.signal.aborted) log.error({ error: String(error) }, 'controller ended')
  })
  return {
    look: key => queue.add(key),
    async stop() {
      for (const off of offs) off()
      stopping.abort(new Error(`${options.name} stopped`))
      queue.close()
      await working
    },
  }
}

async function worker(options: ControllerOptions, queue: WorkQueue, context: ReconcileContext): Promise<void> {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    try {
      const result = await options.reconcile(key, context)
      queue.forget(key)
      if (result) queue.addAfter(key, result.after)
    } catch (error) {
      if (context.signal.aborted) return
      // Stale reads are everyday: the next round sees the newer object.
      const expected = isConflict(error) || isNotFound(error)
      context.log[expected ? 'debug' : 'warn']({ key, error: messageOf(error) }, 'reconcile failed; trying again')
      queue.retry(key)
    } finally {
      queue.done(key)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
