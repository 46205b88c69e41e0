/** Removes pods that nobody else will: of nodes that are gone, and too many that have ended. */
import { nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { rfc3339 } from '../base/clock.ts'
import { setCondition } from '../machinery/conditions.ts'
import { isPodTerminal } from '../machinery/pods.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, on, type ReconcileContext } from '../reconcile/controller.ts'

const period = 20_000
/** A node just missing from the informer may be a new one: wait this long before its pods are taken for lost. */
const quarantine = 40_000

/** `mostEnded`: how many ended pods are kept; upstream's --terminated-pod-gc-threshold. */
export function podGarbageCollector(mostEnded = 12_500): Controller {
  const missingSince = new Map<string, number>()
  return controller({
    name: 'pod-garbage-collector',
    watches: [on(nodes, () => ['all'])],
    reads: [pods],
    workers: 1,
    reconcile: async (_, context) => {
      const all = [...context.informers.of(pods).list()]
      await Promise.all(
        [...lost(all, context, missingSince), ...surplus(all, mostEnded)].map(pod => remove(context, pod)),
      )
      return { after: period }
    },
  })
}

function lost(all: readonly Pod[], { informers, clock }: ReconcileContext, missingSince: Map<string, number>): Pod[] {
  const known = informers.of(nodes)
  for (const name of missingSince.keys()) if (known.get(name)) missingSince.delete(name)
  return all.filter(({ spec: { nodeName } }) => {
    if (!nodeName || known.get(nodeName)) return false
    const since = missingSince.get(nodeName) ?? clock.now()
    missingSince.set(nodeName, since)
    return clock.now() - since >= quarantine
  })
}

function surplus(all: readonly Pod[], mostEnded: number): Pod[] {
  if (mostEnded <= 0) return []
  const ended = all.filter(isPodTerminal)
  if (ended.length <= mostEnded) return []
  const age = (pod: Pod) => Date.parse(pod.metadata.creationTimestamp)
  return ended.sort((a, b) => age(a) - age(b)).slice(0, ended.length - mostEnded)
}

async function remove({ client, clock }: ReconcileContext, pod: Pod): Promise<void> {
  try {
    if (!isPodTerminal(pod)) {
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
      }
      const conditions = setCondition(pod.status.conditions, condition, rfc3339(clock.now()))
      const status = { phase: 'Failed', conditions }
      await client.patch(pods, pod.metadata, { status }, { subresource: 'status' })
    }
    await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
