/** Keeps as many pods as a ReplicaSet, or its forerunner the ReplicationController, asks for. */
import { type ReplicaSet, type ReplicaSetStatus, replicaSets } from '../api/apps/v1/replica-set.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { replicationControllers } from '../api/core/v1/replication-controller.ts'
import { rfc3339 } from '../base/clock.ts'
import { setCondition } from '../machinery/conditions.ts'
import {
  type LabelSelector,
  type Labels,
  labelSelectorOf,
  labelSelectorOfMap,
  matchesLabels,
} from '../machinery/label-selector.ts'
import { isPodActive, isPodReady, isPodTerminal, podAvailability } from '../machinery/pods.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { Expectations } from '../reconcile/expectations.ts'
import type { AnyResource } from '../schema/resource.ts'
import { ownedObjects, ownersOf, podOwnerIndex } from './owned-objects.ts'
import { createPods, deletePods, podFrom } from './pod-control.ts'
import { cheapestToLoseFirst } from './pod-ranking.ts'

/** Both kinds are the same but for how they write their selector. */
interface Kind {
  readonly name: string
  readonly resource: AnyResource
  readonly selectorOf: (set: ReplicaSet) => LabelSelector
}

export function replicaSetController(): Controller {
  const selectorOf = (set: ReplicaSet) => labelSelectorOf(set.spec.selector)
  return replicasController({ name: 'replicaset-controller', resource: replicaSets, selectorOf })
}

export function replicationController(): Controller {
  const selectorOf = (set: ReplicaSet) => labelSelectorOfMap(set.spec.selector as Labels | undefined)
  return replicasController({ name: 'replication-controller', resource: replicationControllers, selectorOf })
}

/** At most so many pods are made or deleted in one round. */
const burst = 500

function replicasController(kind: Kind): Controller {
  const expectations = new Expectations()
  return controller({
    name: kind.name,
    watches: [own(kind.resource), on(pods, ownersOf(kind.resource, kind.selectorOf))],
    indexes: [podOwnerIndex],
    reconcile: (key, context) => reconcile(key, context, kind, expectations),
  })
}

async function reconcile(key: string, context: ReconcileContext, kind: Kind, expectations: Expectations) {
  expectations.follow(context.informers.of(pods))
  const set = context.informers.of(kind.resource).get(key) as ReplicaSet | undefined
  if (!set) {
    expectations.forget(key)
    return undefined
  }
  const all = await ownedObjects<Pod>(context, pods, set, kind.selectorOf(set))
  const active = all.filter(isPodActive)
  const settled = expectations.settled(key)
  let failure: Error | undefined
  if (settled === true && !set.metadata.deletionTimestamp) {
    failure = await scale(context, set, active, expectations).then(
      () => undefined,
      error => error as Error,
    )
  }
  const next = await writeStatus(context, kind, { set, all, failure })
  if (failure) throw failure
  return settled === true ? next : { after: Math.min(settled, next?.after ?? settled) }
}

async function scale(context: ReconcileContext, set: ReplicaSet, active: readonly Pod[], expectations: Expectations) {
  const missing = set.spec.replicas - active.length
  if (missing > 0) {
    const wanted = Array.from({ length: Math.min(missing, burst) }, () => podFrom(set, set.spec.template!))
    await createPods(context, set, expectations, wanted)
  } else if (missing < 0) {
    const doomed = [...active]
      .sort(cheapestToLoseFirst(context.clock.now(), active))
      .slice(0, Math.min(-missing, burst))
    await deletePods(context, set, expectations, doomed)
  }
}

/** Reports what is there; answers when to look again for pods that are ready but not yet long enough. */
async function writeStatus(
  { client, clock }: ReconcileContext,
  { resource }: Kind,
  {
    set,
    all,
    failure,
  }: { readonly set: ReplicaSet; readonly all: readonly Pod[]; readonly failure: Error | undefined },
): Promise<{ after: number } | undefined> {
  const now = clock.now()
  const active = all.filter(isPodActive)
  const waits = active.map(pod => podAvailability(pod, set.spec.minReadySeconds ?? 0, now))
  const labels = labelSelectorOf({ matchLabels: set.spec.template?.metadata?.labels ?? {} })
  const conditions = set.status.conditions?.filter(c => c.type !== 'ReplicaFailure') ?? []
  const wasFailing = set.status.conditions?.find(c => c.type === 'ReplicaFailure')
  const reason = active.length < set.spec.replicas ? 'FailedCreate' : 'FailedDelete'
  const failing = { type: 'ReplicaFailure', status: 'True', reason, message: failure?.message ?? '' }
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(pod => matchesLabels(labels, pod.metadata.labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: waits.filter(wait => wait === 'available').length,
    terminatingReplicas: all.filter(pod => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length,
    observedGeneration: set.metadata.generation ?? 0,
    ...(failure
      ? { conditions: setCondition(wasFailing ? [...conditions, wasFailing] : conditions, failing, rfc3339(now)) }
      : conditions.length
        ? { conditions }
        : {}),
  }
  const changed = (Object.keys({ ...set.status, ...status }) as (keyof ReplicaSetStatus)[]).some(
    field => JSON.stringify(set.status[field] ?? 0) !== JSON.stringify(status[field] ?? 0),
  )
  // A patch: a spec that changes meanwhile is no conflict for what was counted.
  const patch = { status: { conditions: null, ...status } }
  if (changed) await client.patch(resource, set.metadata, patch, { subresource: 'status' })
  const soonest = Math.min(...waits.filter(wait => typeof wait === 'number'))
  return Number.isFinite(soonest) ? { after: soonest } : undefined
}
