/** Moves a Deployment's pods from one ReplicaSet to the next, at the pace its strategy allows. */
import { type Deployment, deployments } from '../api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSets } from '../api/apps/v1/replica-set.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import { labelSelectorOf } from '../machinery/label-selector.ts'
import { controllerOf } from '../machinery/owner-references.ts'
import { isPodTerminal } from '../machinery/pods.ts'
import { type Controller, controller, on, own, type ReconcileContext } from '../reconcile/controller.ts'
import { desiredAnnotation, maxReplicasAnnotation, planRollout, type Scaling } from './deployment-plan.ts'
import { annotationsFor, newestSet, newSetFor, revisionAnnotation, revisionOf } from './deployment-sets.ts'
import { deploymentStatus, nextProgressCheck } from './deployment-status.ts'
import { byOwner, ownedObjects, ownerIndex, ownersOf, podOwnerIndex } from './owned-objects.ts'

const selectorOf = (deployment: Deployment) => labelSelectorOf(deployment.spec.selector)

export function deploymentController(): Controller {
  return controller({
    name: 'deployment-controller',
    watches: [
      own(deployments),
      on(replicaSets, ownersOf(deployments, selectorOf) as never),
      // Recreate waits for the end of the old pods.
      on(pods, (pod, { informers }) => deploymentOfPod(pod, informers)),
    ],
    indexes: [ownerIndex(replicaSets), podOwnerIndex],
    reconcile,
  })
}

function deploymentOfPod(pod: Pod, informers: ReconcileContext['informers']): string[] {
  const owner = controllerOf(pod)
  if (owner?.kind !== 'ReplicaSet' || !pod.metadata.deletionTimestamp) return []
  const set = informers.of(replicaSets).get(`${pod.metadata.namespace}/${owner.name}`)
  const deployment = set && controllerOf(set)
  return deployment?.kind === 'Deployment' ? [`${pod.metadata.namespace}/${deployment.name}`] : []
}

async function reconcile(key: string, context: ReconcileContext) {
  const deployment = context.informers.of(deployments).get(key)
  if (!deployment || deployment.metadata.deletionTimestamp) return undefined
  const sets = await ownedObjects<ReplicaSet>(context, replicaSets, deployment, selectorOf(deployment))
  let current = newestSet(deployment, sets)
  const old = () => sets.filter(set => set !== current)
  const mustWait = deployment.spec.strategy.type === 'Recreate' && hasPods(context, old())
  const created = !current && !deployment.spec.paused && !mustWait
  if (created) {
    current = await createSet(context, deployment, sets)
    sets.push(current)
  } else if (current && !deployment.spec.paused) {
    const kept = await keepAnnotations(context, deployment, current, old())
    sets[sets.indexOf(current)] = kept
    current = kept
  }
  for (const scaling of planRollout(deployment, current, old())) {
    if (mustWait && scaling.to > scaling.set.spec.replicas && !deployment.spec.paused) continue
    const scaled = await scale(context, deployment, scaling)
    sets[sets.indexOf(scaling.set)] = scaled
    if (scaling.set === current) current = scaled
  }
  const status = deploymentStatus(deployment, { current, created, sets, now: context.clock.now() })
  if (status !== deployment.status)
    await context.client.patch(deployments, deployment.metadata, { status }, { subresource: 'status' })
  if (isComplete(deployment, current)) await cleanUp(context, deployment, old())
  return nextProgressCheck({ ...deployment, status }, context.clock.now())
}

function hasPods({ informers }: ReconcileContext, sets: readonly ReplicaSet[]): boolean {
  return sets.some(set =>
    informers
      .of(pods)
      .byIndex(byOwner, set.metadata.uid)
      .some(pod => !isPodTerminal(pod as Pod)),
  )
}

async function createSet(
  context: ReconcileContext,
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): Promise<ReplicaSet> {
  const revision = String(Math.max(0, ...sets.map(revisionOf)) + 1)
  const collisions = deployment.status.collisionCount ?? 0
  const wanted = newSetFor(deployment, { revision, collisions })
  const others = sets.filter(set => (set.spec.replicas ?? 0) > 0)
  const [first] = planRollout(deployment, { ...wanted, spec: { ...wanted.spec, replicas: 0 } } as ReplicaSet, others)
  const replicas = first?.set.metadata.name === wanted.metadata.name ? first.to : 0
  const made = await context.client
    .create(replicaSets, { ...wanted, spec: { ...wanted.spec, replicas } } as never)
    .catch(error => onTaken(context, deployment, wanted.metadata.name, error))
  if (replicas > 0) tellScaled(context, deployment, { set: made, from: 0, to: replicas })
  await context.client.patch(deployments, deployment.metadata, {
    metadata: { annotations: { [revisionAnnotation]: revision } },
  })
  return made
}

/** The name is taken: by our own set that the informer does not show yet, or by a stranger, then another name is tried. */
async function onTaken(context: ReconcileContext, deployment: Deployment, name: string, error: unknown) {
  const { namespace } = deployment.metadata
  const found = await context.client.get(replicaSets, { name, namespace }).catch(() => undefined)
  if (found && controllerOf(found)?.uid === deployment.metadata.uid && newestSet(deployment, [found])) return found
  if (found) {
    const collisionCount = (deployment.status.collisionCount ?? 0) + 1
    await context.client.patch(
      deployments,
      deployment.metadata,
      { status: { collisionCount } },
      { subresource: 'status' },
    )
  }
  throw error
}

/** The current set carries the newest revision: a rollback makes an old one current again. */
async function keepAnnotations(
  context: ReconcileContext,
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Promise<ReplicaSet> {
  const newestOld = Math.max(0, ...old.map(revisionOf))
  const revision = String(Math.max(revisionOf(current), newestOld + (revisionOf(current) > newestOld ? 0 : 1)))
  const wanted = annotationsFor(deployment, current, revision)
  let set = current
  if (wanted) {
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0
    const patch = { metadata: { annotations: wanted }, spec: { minReadySeconds } }
    set = await context.client.patch(replicaSets, current.metadata, patch)
  }
  if (deployment.metadata.annotations?.[revisionAnnotation] !== revision) {
    const patch = { metadata: { annotations: { [revisionAnnotation]: revision } } }
    await context.client.patch(deployments, deployment.metadata, patch)
  }
  return set
}

async function scale(context: ReconcileContext, deployment: Deployment, scaling: Scaling): Promise<ReplicaSet> {
  const { set, to } = scaling
  const { resourceVersion } = set.metadata
  const annotations = {
    [desiredAnnotation]: String(deployment.spec.replicas),
    [maxReplicasAnnotation]: String(scaling.most),
  }
  const patch = { metadata: { resourceVersion, annotations }, spec: { replicas: to } }
  const scaled = await context.client.patch(replicaSets, set.metadata, patch)
  tellScaled(context, deployment, { set, from: set.spec.replicas, to })
  return scaled
}

function tellScaled(
  { recorder }: ReconcileContext,
  deployment: Deployment,
  { set, from, to }: { set: ReplicaSet; from: number; to: number },
): void {
  if (from === to) return
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`
  recorder.event(deployment, 'Normal', 'ScalingReplicaSet', message)
}

function isComplete(deployment: Deployment, current: ReplicaSet | undefined): boolean {
  const wanted = deployment.spec.replicas
  return current?.spec.replicas === wanted && (current.status.availableReplicas ?? 0) === wanted
}

/** Old, empty sets beyond the history limit go, oldest first. */
async function cleanUp(context: ReconcileContext, deployment: Deployment, old: readonly ReplicaSet[]): Promise<void> {
  const empty = old.filter(
    set => set.spec.replicas === 0 && set.status.replicas === 0 && !set.metadata.deletionTimestamp,
  )
  const surplus = empty.length - deployment.spec.revisionHistoryLimit
  if (surplus <= 0) return
  for (const set of empty.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus)) {
    await context.client.delete(replicaSets, set.metadata)
  }
}
