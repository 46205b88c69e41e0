/** Gives every pod a node: one decision after the other, bindings in the background. */

import { namespaces } from '../api/core/v1/namespace.ts'
import { type Node, nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { type Clock, rfc3339, systemClock } from '../base/clock.ts'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import type { InformerSet } from '../client/informer.ts'
import { getCondition, setCondition } from '../machinery/conditions.ts'
import { isPodTerminal } from '../machinery/pods.ts'
import { isNotFound } from '../machinery/status-error.ts'
import type { EventRecorder } from '../reconcile/event-recorder.ts'
import { ClusterState } from './cluster-state.ts'
import { decide } from './cycle.ts'
import type { ClusterChange, Plugin } from './framework.ts'
import { type PodInfo, podInfo } from './pod-info.ts'
import { defaultProfile } from './profile.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly informers: InformerSet
  readonly recorder: EventRecorder
  readonly clock?: Clock
  /** Pods that ask for this scheduler. Default: default-scheduler. */
  readonly name?: string
  readonly profile?: readonly Plugin[]
}

export interface Scheduler {
  stop(): Promise<void>
}

/** How many decisions in a row before others of the process get their turn. */
const turns = 64

const log = logger('scheduler')

export function startScheduler(options: SchedulerOptions): Scheduler {
  const { informers, clock = systemClock, name = 'default-scheduler' } = options
  const state = new ClusterState()
  const queue = new SchedulingQueue(clock)
  const offs = [
    followNodes(informers, state, queue),
    followPods(informers, state, queue, name),
    informers.of(namespaces).on({
      added: ({ metadata }) => state.namespaces.set(metadata.name, metadata.labels ?? {}),
      updated: ({ metadata }) => state.namespaces.set(metadata.name, metadata.labels ?? {}),
      deleted: ({ metadata }) => state.namespaces.delete(metadata.name),
    }),
  ]
  const bindings = new Set<Promise<void>>()
  const running = run({ ...options, clock, state, queue, bindings }).catch(error => {
    log.error({ error: String(error) }, 'scheduler ended')
  })
  return {
    async stop() {
      for (const off of offs) off()
      queue.close()
      await running
      await Promise.allSettled(bindings)
    },
  }
}

interface Run extends SchedulerOptions {
  readonly clock: Clock
  readonly state: ClusterState
  readonly queue: SchedulingQueue
  readonly bindings: Set<Promise<void>>
}

async function run(work: Run): Promise<void> {
  const { informers, queue, state, bindings } = work
  await Promise.all([informers.of(nodes).synced, informers.of(pods).synced, informers.of(namespaces).synced])
  const profile = work.profile ?? defaultProfile
  let offset = 0
  while (await queue.ready()) {
    for (let turn = 0; turn < turns; turn++) {
      const info = queue.take()
      if (!info) break
      const decision = decide(info, state, { profile, offset })
      offset = (offset + 1) % Math.max(1, state.nodes.length)
      if (decision.node === undefined) {
        track(bindings, refuse(work, info, decision.message, decision.refusedBy))
      } else {
        // Counted at once, so that the next decision knows of it.
        state.place(info, decision.node)
        queue.changed('pod-placed')
        track(bindings, bind(work, info, decision.node))
      }
    }
    await new Promise(resolve => setImmediate(resolve))
  }
}

function track(all: Set<Promise<void>>, one: Promise<void>): void {
  all.add(one)
  void one.finally(() => all.delete(one))
}

async function bind({ client, informers, queue, recorder, state }: Run, info: PodInfo, node: string): Promise<void> {
  const { name, namespace, uid } = info.pod.metadata
  try {
    await client.post(pods, { name, namespace }, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    })
    queue.remove(uid)
    const message = `Successfully assigned ${namespace}/${name} to ${node}`
    recorder.event(info.pod, 'Normal', 'Scheduled', message)
  } catch (error) {
    // It may be bound all the same: the answer was lost, or somebody else was faster.
    if (informers.of(pods).get(info.key)?.spec.nodeName) return
    if (state.forget(uid)) queue.changed('pod-gone')
    if (isNotFound(error)) queue.remove(uid)
    else {
      log.warn({ pod: info.key, node, error: String(error) }, 'binding failed; trying again')
      queue.failed(uid, [])
    }
  }
}

async function refuse(work: Run, info: PodInfo, message: string, refusedBy: readonly Plugin[]): Promise<void> {
  const { client, clock, queue, recorder } = work
  // A cluster without nodes: any node will do to try again.
  queue.failed(info.pod.metadata.uid, refusedBy.length ? refusedBy : [anyNode])
  recorder.event(info.pod, 'Warning', 'FailedScheduling', message)
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
  const { conditions: before } = work.informers.of(pods).get(info.key)?.status ?? info.pod.status
  const conditions = setCondition(before, condition, rfc3339(clock.now()))
  if (conditions === before) return
  // Conditions are merged by their type: others stay as they are.
  const patch = { status: { conditions: [getCondition(conditions, 'PodScheduled')] } }
  await client.patch(pods, info.pod.metadata, patch, { subresource: 'status', type: 'strategic' }).catch(error => {
    if (!isNotFound(error)) log.debug({ pod: info.key, error: String(error) }, 'condition not written')
  })
}

const anyNode: Plugin = { name: 'NoNodes', wakes: ['node-added'] }

function followNodes(informers: InformerSet, state: ClusterState, queue: SchedulingQueue): () => void {
  return informers.of(nodes).on({
    added: node => {
      state.setNode(node)
      queue.changed('node-added')
    },
    updated: (node, old) => {
      state.setNode(node)
      for (const change of nodeChanges(node, old)) queue.changed(change)
    },
    deleted: node => state.removeNode(node.metadata.name),
  })
}

/** Whether something changed that a decision depends on. */
function changed(pod: Pod, old: Pod): boolean {
  return differ(pod.spec, old.spec) || differ(pod.metadata.labels, old.metadata.labels)
}

function differ(a: unknown, b: unknown): boolean {
  return a !== b && JSON.stringify(a) !== JSON.stringify(b)
}

function nodeChanges(node: Node, old: Node): ClusterChange[] {
  const differs = (of: (n: Node) => unknown) => differ(of(node), of(old))
  return [
    ...(differs(n => n.status.allocatable) ? ['node-resources' as const] : []),
    ...(differs(n => n.metadata.labels) ? ['node-labels' as const] : []),
    ...(differs(n => n.spec.taints) ? ['node-taints' as const] : []),
    ...(differs(n => n.spec.unschedulable) ? ['node-schedulable' as const] : []),
  ]
}

function followPods(informers: InformerSet, state: ClusterState, queue: SchedulingQueue, name: string): () => void {
  const gone = (pod: Pod) => {
    queue.remove(pod.metadata.uid)
    if (state.forget(pod.metadata.uid)) queue.changed('pod-gone')
  }
  const seen = (pod: Pod, old?: Pod) => {
    if (isPodTerminal(pod)) return gone(pod)
    if (pod.spec.nodeName) {
      const fresh = !state.isPlaced(pod.metadata.uid)
      // The status changes often, and nothing of it matters here.
      if (fresh || !old || changed(pod, old)) {
        state.place(podInfo(pod), pod.spec.nodeName)
      }
      queue.remove(pod.metadata.uid)
      if (fresh) queue.changed('pod-placed')
      else if (old && differ(pod.metadata.labels, old.metadata.labels)) queue.changed('pod-labels')
      return
    }
    if (pod.spec.schedulerName !== name) return
    // Ours alone to retry while a try is under way; only what changes the decision is news.
    if (pod.metadata.deletionTimestamp || pod.spec.schedulingGates?.length) queue.remove(pod.metadata.uid)
    else if (!old || changed(pod, old)) queue.add(podInfo(pod))
  }
  return informers.of(pods).on({ added: pod => seen(pod), updated: seen, deleted: gone })
}
