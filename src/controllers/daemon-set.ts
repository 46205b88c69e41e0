/** Keeps one pod of a DaemonSet on every node that fits, and updates them a few at a time. */
import { type ControllerRevision, controllerRevisions } from '../api/apps/v1/controller-revision.ts'
import { type DaemonSet, daemonSets } from '../api/apps/v1/daemon-set.ts'
import { type Node, nodes } from '../api/core/v1/node.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { Backoff } from '../base/backoff.ts'
import { keyOf } from '../client/informer.ts'
import { scaledValue } from '../machinery/int-or-string.ts'
import { labelSelectorOf } from '../machinery/label-selector.ts'
import { controllerOf } from '../machinery/owner-references.ts'
import { isPodTerminal, podAvailability } from '../machinery/pods.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { Expectations } from '../reconcile/expectations.ts'
import { daemonPod, fits, nodeNameOf } from './daemon-pods.ts'
import { ownedObjects, ownerIndex, ownersOf, podOwnerIndex } from './owned-objects.ts'
import { createPods, deletePods } from './pod-control.ts'
import { currentRevision, hashLabel } from './template-revisions.ts'

const selectorOf = (set: DaemonSet) => labelSelectorOf(set.spec.selector)

export function daemonSetController(): Controller {
  const expectations = new Expectations()
  // Pods that end at once must not be made again and again without a pause.
  const backoff = new FailureBackoff()
  return controller({
    name: 'daemonset-controller',
    watches: [
      own(daemonSets),
      on(pods, ownersOf(daemonSets, selectorOf)),
      on(nodes, (_, { informers }) => [...informers.of(daemonSets).list()].map(keyOf)),
    ],
    reads: [controllerRevisions],
    indexes: [podOwnerIndex, ownerIndex(controllerRevisions)],
    reconcile: (key, context) => reconcile(key, context, expectations, backoff),
  })
}

async function reconcile(key: string, context: ReconcileContext, expectations: Expectations, backoff: FailureBackoff) {
  expectations.follow(context.informers.of(pods))
  const set = context.informers.of(daemonSets).get(key)
  if (!set) {
    expectations.forget(key)
    return undefined
  }
  if (set.metadata.deletionTimestamp) return undefined
  const owned = await ownedObjects<Pod>(context, pods, set, selectorOf(set))
  const revision = await currentRevision(context, set)
  const settled = expectations.settled(key)
  if (settled === true) {
    const all = [...context.informers.of(nodes).list()]
    const { create, remove } = plan(set, { nodes: all, pods: owned, revision, now: context.clock.now() })
    const failed = remove.filter(isPodTerminal)
    const early = failed.filter(pod => backoff.left(pod, context.clock.now()) > 0)
    const wanted = create.map(node => daemonPod(set, node, revision))
    await deletePods(
      context,
      set,
      expectations,
      remove.filter(pod => !early.includes(pod)),
    )
    await createPods(context, set, expectations, wanted)
    for (const pod of early) context.again(key, backoff.left(pod, context.clock.now()))
  }
  const next = await writeStatus(context, set, owned, revision)
  return settled === true ? next : { after: settled }
}

/** How long a pod that ended stays before another takes its place: longer each time on the same node. */
class FailureBackoff {
  readonly #backoff = new Backoff<string>({ first: 1_000, most: 15 * 60_000 })
  readonly #until = new Map<string, number>()

  left(pod: Pod, now: number): number {
    const { uid } = pod.metadata
    let until = this.#until.get(uid)
    if (until === undefined) {
      const place = `${controllerOf(pod)?.uid} ${nodeNameOf(pod)}`
      // A pod that ran for a while begins anew.
      if (now - Date.parse(pod.metadata.creationTimestamp) > longRun) this.#backoff.forget(place)
      until = now + this.#backoff.next(place)
      this.#until.set(uid, until)
      if (this.#until.size > mostRemembered) this.#until.delete(this.#until.keys().next().value!)
    }
    return until - now
  }
}

const longRun = 30 * 60_000
const mostRemembered = 10_000

interface World {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  readonly revision: ControllerRevision
  readonly now: number
}

/** Where pods are missing, and which go: of nodes that no longer fit, ended ones, doubles, and old ones as far as allowed. */
export function plan(
  set: DaemonSet,
  world: World,
): { readonly create: readonly Node[]; readonly remove: readonly Pod[] } {
  const byNode = Map.groupBy(world.pods, nodeNameOf)
  const create: Node[] = []
  const remove: Pod[] = []
  const eligible = new Set<string>()
  const known = new Set(world.nodes.map(node => node.metadata.name))
  // Pods that were for a node which went before they got there; pods on such nodes are the pod collector's.
  remove.push(
    ...world.pods.filter(pod => !pod.spec.nodeName && !pod.metadata.deletionTimestamp && !known.has(nodeNameOf(pod))),
  )
  for (const node of world.nodes) {
    const { shouldRun, shouldContinue } = fits(set, node)
    const here = byNode.get(node.metadata.name) ?? []
    const alive = here.filter(pod => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp)
    remove.push(...here.filter(pod => isPodTerminal(pod) && !pod.metadata.deletionTimestamp))
    if (shouldRun) eligible.add(node.metadata.name)
    if (!shouldContinue) remove.push(...alive)
    else if (here.length === 0 && shouldRun) create.push(node)
    else
      remove.push(
        ...alive
          .sort(oldestFirst)
          .slice(1)
          .filter(() => !surges(set)),
      )
  }
  if (set.spec.updateStrategy.type === 'RollingUpdate') {
    const update = planUpdate(set, { ...world, eligible, byNode })
    create.push(...update.create)
    remove.push(...update.remove.filter(pod => !remove.includes(pod)))
  }
  return { create, remove }
}

const oldestFirst = (a: Pod, b: Pod) =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp)
const surgeOf = (set: DaemonSet, desired: number) =>
  scaledValue(set.spec.updateStrategy.rollingUpdate?.maxSurge ?? 0, desired, 'up') ?? 0
const surges = (set: DaemonSet) => surgeOf(set, 100) > 0

function planUpdate(
  set: DaemonSet,
  world: World & { readonly eligible: ReadonlySet<string>; readonly byNode: ReadonlyMap<string, readonly Pod[]> },
) {
  const desired = world.eligible.size
  const surge = surgeOf(set, desired)
  const unavailableLimit = scaledValue(set.spec.updateStrategy.rollingUpdate?.maxUnavailable ?? 1, desired, 'up') ?? 1
  const available = (pod: Pod) => podAvailability(pod, set.spec.minReadySeconds ?? 0, world.now) === 'available'
  const isNew = (pod: Pod) => pod.metadata.labels?.[hashLabel] === world.revision.metadata.labels?.[hashLabel]
  const places = [...world.eligible].map(name => {
    const alive = (world.byNode.get(name) ?? []).filter(pod => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp)
    return { name, old: alive.find(pod => !isNew(pod)), fresh: alive.find(isNew) }
  })
  if (surge > 0) {
    const remove = places.flatMap(p => (p.old && ((p.fresh && available(p.fresh)) || !available(p.old)) ? [p.old] : []))
    const room = surge - places.filter(p => p.old && p.fresh && !remove.includes(p.old)).length
    const waiting = places.filter(p => p.old && !p.fresh && available(p.old)).slice(0, Math.max(0, room))
    const names = new Set(waiting.map(p => p.name))
    return { create: world.nodes.filter(node => names.has(node.metadata.name)), remove }
  }
  const sick = places.flatMap(p => (p.old && !available(p.old) ? [p.old] : []))
  const unavailable = places.filter(p => !((p.old && available(p.old)) || (p.fresh && available(p.fresh)))).length
  const well = places.flatMap(p => (p.old && available(p.old) ? [p.old] : []))
  const limit = unavailableLimit || 1
  return { create: [] as Node[], remove: [...sick, ...well.slice(0, Math.max(0, limit - unavailable))] }
}

async function writeStatus(
  { client, informers, clock }: ReconcileContext,
  set: DaemonSet,
  owned: readonly Pod[],
  revision: ControllerRevision,
): Promise<{ after: number } | undefined> {
  const now = clock.now()
  const byNode = Map.groupBy(owned, nodeNameOf)
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 }
  let soonest = Number.POSITIVE_INFINITY
  for (const node of informers.of(nodes).list()) {
    const { shouldRun } = fits(set, node)
    const here = (byNode.get(node.metadata.name) ?? [])
      .toSorted(oldestFirst)
      .filter(pod => !pod.metadata.deletionTimestamp)
    if (!shouldRun) {
      counts.misscheduled += here.length ? 1 : 0
      continue
    }
    counts.desired++
    const [pod] = here
    if (!pod) continue
    counts.current++
    const availability = podAvailability(pod, set.spec.minReadySeconds ?? 0, now)
    if (availability !== undefined) counts.ready++
    if (availability === 'available') counts.available++
    else if (availability !== undefined) soonest = Math.min(soonest, availability)
    const hash = revision.metadata.labels?.[hashLabel]
    if (here.some(p => p.metadata.labels?.[hashLabel] === hash)) counts.updated++
  }
  const status = {
    observedGeneration: set.metadata.generation ?? 0,
    desiredNumberScheduled: counts.desired,
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    numberReady: counts.ready,
    updatedNumberScheduled: counts.updated,
    numberAvailable: counts.available,
    numberUnavailable: counts.desired - counts.available,
  }
  const before: Readonly<Record<string, unknown>> = { ...set.status }
  if (Object.entries(status).some(([field, value]) => (before[field] ?? 0) !== value)) {
    await client.patch(daemonSets, set.metadata, { status }, { subresource: 'status' })
  }
  return Number.isFinite(soonest) ? { after: soonest } : undefined
}
