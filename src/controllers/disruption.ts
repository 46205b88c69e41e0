/** Says of each PodDisruptionBudget how many of its pods may be evicted now. */
import { deployments } from '../api/apps/v1/deployment.ts'
import { replicaSets } from '../api/apps/v1/replica-set.ts'
import { statefulSets } from '../api/apps/v1/stateful-set.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { replicationControllers } from '../api/core/v1/replication-controller.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import type { Condition } from '../api/meta/v1/condition.ts'
import {
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  podDisruptionBudgets,
} from '../api/policy/v1/pod-disruption-budget.ts'
import { rfc3339 } from '../base/clock.ts'
import { keyOf } from '../client/informer.ts'
import { setCondition } from '../machinery/conditions.ts'
import { scaledValue } from '../machinery/int-or-string.ts'
import { labelSelectorOf, matchesLabels } from '../machinery/label-selector.ts'
import { controllerOf } from '../machinery/owner-references.ts'
import { isPodReady, isPodTerminal } from '../machinery/pods.ts'
import { type Controller, controller, indexOf, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import type { AnyResource } from '../schema/resource.ts'

const byNamespace = 'byNamespace'
/** An eviction that has not become a deletion by then did not happen, milliseconds. */
const evictionTime = 120_000
/** Owners whose `spec.replicas` says how many pods there should be. */
const scaled: Readonly<Record<string, AnyResource>> = {
  ReplicaSet: replicaSets,
  ReplicationController: replicationControllers,
  StatefulSet: statefulSets,
  Deployment: deployments,
}

export function disruptionController(): Controller {
  const inNamespace = ({ metadata }: KubernetesObject, { informers }: Pick<ReconcileContext, 'informers'>) =>
    informers.of(podDisruptionBudgets).byIndex(byNamespace, metadata.namespace ?? '')
  return controller({
    name: 'disruption-controller',
    watches: [
      own(podDisruptionBudgets),
      on(pods, (pod, context) =>
        inNamespace(pod, context)
          .filter(budget => protects(budget, pod))
          .map(keyOf),
      ),
      ...Object.values(scaled).map(resource =>
        on(resource, (owner, context) => inNamespace(owner, context).map(keyOf)),
      ),
    ],
    indexes: [
      indexOf(podDisruptionBudgets, byNamespace, budget => [budget.metadata.namespace]),
      indexOf(pods, byNamespace, pod => [pod.metadata.namespace]),
    ],
    reconcile,
  })
}

function protects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  return spec.selector !== undefined && matchesLabels(labelSelectorOf(spec.selector), pod.metadata.labels)
}

async function reconcile(key: string, { client, informers, clock }: ReconcileContext) {
  const budget = informers.of(podDisruptionBudgets).get(key)
  if (!budget || budget.metadata.deletionTimestamp) return undefined
  const mine = informers
    .of(pods)
    .byIndex(byNamespace, budget.metadata.namespace)
    .filter(pod => protects(budget, pod) && !isPodTerminal(pod))
  const now = clock.now()
  const evicted = stillEvicted(budget, mine, now)
  const { expected, desired } = demands(budget, mine, informers)
  const healthy = mine.filter(
    pod => isPodReady(pod) && !pod.metadata.deletionTimestamp && !(pod.metadata.name in evicted),
  ).length
  const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0
  const generation = budget.metadata.generation ?? 0
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? 'True' : 'False',
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: generation,
    lastTransitionTime: rfc3339(now),
  }
  const conditions = setCondition<Condition>(budget.status.conditions, condition, rfc3339(now))
  const status: PodDisruptionBudgetStatus = {
    observedGeneration: generation,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    disruptionsAllowed: allowed,
    ...(Object.keys(evicted).length && { disruptedPods: evicted }),
    conditions,
  }
  const before: Readonly<Record<string, unknown>> = { ...budget.status }
  const after: Readonly<Record<string, unknown>> = { ...status }
  const facts = (value: unknown) => JSON.stringify(value ?? 0)
  if (Object.keys({ ...before, ...after }).some(field => facts(before[field]) !== facts(after[field]))) {
    // The whole object: an eviction that came between must not be forgotten.
    await client.update(podDisruptionBudgets, { ...budget, status }, { subresource: 'status' })
  }
  const times = Object.values(evicted).map(time => Date.parse(time) + evictionTime - now)
  return times.length ? { after: Math.max(1, Math.min(...times)) } : undefined
}

/** Evictions on their way: their pods are there, and not yet seen to be going. */
function stillEvicted(budget: PodDisruptionBudget, mine: readonly Pod[], now: number): Record<string, string> {
  const alive = new Set(mine.filter(pod => !pod.metadata.deletionTimestamp).map(pod => pod.metadata.name))
  const entries = Object.entries(budget.status.disruptedPods ?? {})
  return Object.fromEntries(entries.filter(([name, time]) => alive.has(name) && Date.parse(time) + evictionTime > now))
}

/** How many pods there should be, and how many of them healthy. */
function demands(
  { spec: { minAvailable, maxUnavailable } }: PodDisruptionBudget,
  mine: readonly Pod[],
  informers: ReconcileContext['informers'],
): { readonly expected: number; readonly desired: number } {
  if (typeof minAvailable === 'number') return { expected: mine.length, desired: minAvailable }
  const expected = expectedPods(mine, informers)
  if (maxUnavailable !== undefined) {
    return { expected, desired: Math.max(0, expected - (scaledValue(maxUnavailable, expected, 'up') ?? 0)) }
  }
  return { expected, desired: scaledValue(minAvailable ?? 0, expected, 'up') ?? 0 }
}

/** What the owners of the pods want together; pods on their own count as themselves. */
function expectedPods(mine: readonly Pod[], informers: ReconcileContext['informers']): number {
  const wanted = new Map<string, number>()
  for (const pod of mine) {
    const owner = ownerOf(pod, informers)
    wanted.set(owner?.metadata.uid ?? pod.metadata.uid, replicasOf(owner))
  }
  return [...wanted.values()].reduce((sum, replicas) => sum + replicas, 0)
}

/** The topmost owner that can be scaled: of a Deployment's pods the Deployment. */
function ownerOf(object: KubernetesObject, informers: ReconcileContext['informers']): KubernetesObject | undefined {
  const reference = controllerOf(object)
  const resource = reference && scaled[reference.kind]
  const owner = resource && informers.of(resource).get(`${object.metadata.namespace}/${reference.name}`)
  if (!owner || (owner as KubernetesObject).metadata.uid !== reference.uid) return undefined
  return ownerOf(owner as KubernetesObject, informers) ?? (owner as KubernetesObject)
}

const replicasOf = (owner: KubernetesObject | undefined) =>
  (owner as { spec?: { replicas?: number } } | undefined)?.spec?.replicas ?? 1
