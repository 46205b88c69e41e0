/** Keeps the pods of a StatefulSet: numbered, in order, each with its own volumes. */
import { type ControllerRevision, controllerRevisions } from '../api/apps/v1/controller-revision.ts'
import { type StatefulSet, type StatefulSetStatus, statefulSets } from '../api/apps/v1/stateful-set.ts'
import { persistentVolumeClaims } from '../api/core/v1/persistent-volume-claim.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { labelSelectorOf } from '../machinery/label-selector.ts'
import { isPodReady, podAvailability } from '../machinery/pods.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { Expectations } from '../reconcile/expectations.ts'
import { ownedObjects, ownerIndex, ownersOf, podOwnerIndex } from './owned-objects.ts'
import { createPods, deletePods } from './pod-control.ts'
import { planStateful, type Revisions } from './stateful-plan.ts'
import { giveClaimsTo, isOfRevision, makeClaims, ordinalOf, statefulPod } from './stateful-pods.ts'
import { currentRevision } from './template-revisions.ts'

const selectorOf = (set: StatefulSet) => labelSelectorOf(set.spec.selector)

export function statefulSetController(): Controller {
  const expectations = new Expectations()
  return controller({
    name: 'statefulset-controller',
    watches: [own(statefulSets), on(pods, ownersOf(statefulSets, selectorOf))],
    reads: [controllerRevisions, persistentVolumeClaims],
    indexes: [podOwnerIndex, ownerIndex(controllerRevisions)],
    reconcile: (key, context) => reconcile(key, context, expectations),
  })
}

async function reconcile(key: string, context: ReconcileContext, expectations: Expectations) {
  expectations.follow(context.informers.of(pods))
  const set = context.informers.of(statefulSets).get(key)
  if (!set) expectations.forget(key)
  if (!set || set.metadata.deletionTimestamp) return undefined
  const owned = await ownedObjects<Pod>(context, pods, set, selectorOf(set))
  const mine = owned.filter(pod => ordinalOf(set, pod) !== undefined)
  const update = await currentRevision(context, set)
  const current = revisionNamed(context, set, set.status.currentRevision) ?? update
  const revisions = { current: current.metadata.name, update: update.metadata.name }
  const now = context.clock.now()
  const settled = expectations.settled(key)
  if (settled === true) {
    const plan = planStateful(set, mine, revisions, now)
    for (const pod of plan.condemned) await giveClaimsTo(context, set, pod)
    await deletePods(context, set, expectations, plan.remove)
    for (const { ordinal } of plan.create) await makeClaims(context, set, ordinal)
    const wanted = plan.create.map(({ ordinal, revision }) =>
      statefulPod(set, ordinal, revision === revisions.update ? update : current),
    )
    await createPods(context, set, expectations, wanted)
  }
  await writeStatus(context, set, mine, revisions)
  const waits = mine.map(pod => podAvailability(pod, set.spec.minReadySeconds ?? 0, now))
  const left = [...waits, settled].filter(wait => typeof wait === 'number')
  return left.length ? { after: Math.min(...left) } : undefined
}

function revisionNamed({ informers }: ReconcileContext, set: StatefulSet, name: string | undefined) {
  return name
    ? (informers.of(controllerRevisions).get(`${set.metadata.namespace}/${name}`) as ControllerRevision)
    : undefined
}

async function writeStatus(
  { client, clock }: ReconcileContext,
  set: StatefulSet,
  mine: readonly Pod[],
  { current, update }: Revisions,
): Promise<void> {
  const alive = mine.filter(pod => !pod.metadata.deletionTimestamp)
  const available = (pod: Pod) => podAvailability(pod, set.spec.minReadySeconds ?? 0, clock.now()) === 'available'
  const count = (of: (pod: Pod) => boolean) => alive.filter(of).length
  const updated = count(pod => isOfRevision(pod, update))
  const ready = count(isPodReady)
  // All have the new template: it is the current one from now on.
  const complete = updated === set.spec.replicas && alive.length === updated && ready === updated
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: mine.length,
    readyReplicas: ready,
    availableReplicas: count(available),
    currentReplicas: complete ? updated : count(pod => isOfRevision(pod, current)),
    updatedReplicas: updated,
    currentRevision: complete ? update : current,
    updateRevision: update,
    collisionCount: set.status.collisionCount ?? 0,
  }
  const before: Readonly<Record<string, unknown>> = { ...set.status }
  const changed = Object.entries(status).some(([field, value]) => (before[field] ?? 0) !== value)
  if (changed) await client.patch(statefulSets, set.metadata, { status }, { subresource: 'status' })
}
