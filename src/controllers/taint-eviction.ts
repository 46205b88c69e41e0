/** Ends pods that do not tolerate a NoExecute taint of their node, when their time there is over. */

import { nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import type { Taint } from '../api/core/v1/taint.ts'
import { rfc3339 } from '../base/clock.ts'
import { setCondition } from '../machinery/conditions.ts'
import { isPodTerminal } from '../machinery/pods.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { tolerates } from '../machinery/tolerations.ts'
import { type Controller, controller, indexOf, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { byNode } from './node-lifecycle.ts'

export function taintEvictionController(): Controller {
  return controller({
    name: 'taint-eviction-controller',
    watches: [
      own(pods),
      on(nodes, (node, { informers }) =>
        informers
          .of(pods)
          .byIndex(byNode, node.metadata.name)
          .map(pod => `${pod.metadata.namespace}/${pod.metadata.name}`),
      ),
    ],
    indexes: [indexOf(pods, byNode, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []))],
    reconcile,
  })
}

async function reconcile(key: string, context: ReconcileContext) {
  const pod = context.informers.of(pods).get(key)
  const node = pod?.spec.nodeName && context.informers.of(nodes).get(pod.spec.nodeName)
  if (!pod || !node || pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined
  const taints = node.spec.taints?.filter(taint => taint.effect === 'NoExecute') ?? []
  if (taints.length === 0) return undefined
  const left = timeLeft(pod, taints, context.clock.now())
  if (left === Number.POSITIVE_INFINITY) return undefined
  if (left > 0) return { after: left }
  await evict(context, pod)
  return undefined
}

/** Milliseconds the pod may stay: the shortest that its tolerations give, none for a taint it does not tolerate. */
function timeLeft(pod: Pod, taints: readonly Taint[], now: number): number {
  const times = taints.map(taint => {
    const matching = (pod.spec.tolerations ?? []).filter(toleration => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    const seconds = matching.flatMap(toleration => toleration.tolerationSeconds ?? [])
    if (seconds.length === 0) return Number.POSITIVE_INFINITY
    const since = taint.timeAdded ? Date.parse(taint.timeAdded) : now
    return since + Math.max(0, Math.min(...seconds)) * 1000 - now
  })
  return Math.min(...times)
}

async function evict({ client, clock, recorder }: ReconcileContext, pod: Pod): Promise<void> {
  recorder.event(
    pod,
    'Normal',
    'TaintManagerEviction',
    `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
  )
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  }
  const conditions = setCondition(pod.status.conditions, condition, rfc3339(clock.now()))
  try {
    await client.patch(pods, pod.metadata, { status: { conditions } }, { subresource: 'status' })
    await client.delete(pods, pod.metadata, { preconditions: { uid: pod.metadata.uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
