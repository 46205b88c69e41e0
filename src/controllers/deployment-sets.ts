/** How a Deployment and its ReplicaSets know each other: template, hash, revision. */
import { isDeepStrictEqual } from 'node:util'
import type { Deployment } from '../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../api/apps/v1/replica-set.ts'
import type { PodTemplateSpec } from '../api/core/v1/pod-template-spec.ts'
import { shortHash } from '../machinery/hash.ts'
import { controllerReference } from '../machinery/owner-references.ts'
import { desiredAnnotation, maxReplicasAnnotation, mostPods } from './deployment-plan.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
const hashLabel = 'pod-template-hash'

/** Annotations of the Deployment that its sets do not get. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
])

export const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0) || 0

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {}
  return JSON.parse(JSON.stringify({ ...template, metadata: { ...template?.metadata, labels } }))
}

/** The set with the Deployment's template of today; of several the oldest, so that all agree. */
export function newestSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const template = withoutHash(deployment.spec.template)
  return [...sets]
    .sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))
    .find(set => isDeepStrictEqual(withoutHash(set.spec.template), template))
}

function inherited(deployment: Deployment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !ownAnnotations.has(name)),
  )
}

const numbers = (deployment: Deployment) => ({
  [desiredAnnotation]: String(deployment.spec.replicas),
  [maxReplicasAnnotation]: String(mostPods(deployment)),
})

/** A new set for the Deployment, without replicas yet. */
export function newSetFor(
  deployment: Deployment,
  { revision, collisions }: { readonly revision: string; readonly collisions: number },
): ReplicaSet {
  const { spec, metadata } = deployment
  const hash = shortHash(withoutHash(spec.template), collisions ? String(collisions) : '')
  const labels = { ...spec.template.metadata?.labels, [hashLabel]: hash }
  return {
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: { ...inherited(deployment), ...numbers(deployment), [revisionAnnotation]: revision },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      minReadySeconds: spec.minReadySeconds ?? 0,
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
    status: { replicas: 0 },
  } as unknown as ReplicaSet
}

/** What the set's annotations lack or have wrong; undefined when nothing. */
export function annotationsFor(
  deployment: Deployment,
  set: ReplicaSet,
  revision: string,
): Record<string, string> | undefined {
  const wanted: Record<string, string> = {
    ...inherited(deployment),
    [revisionAnnotation]: revision,
  }
  const has = set.metadata.annotations ?? {}
  const before = has[revisionAnnotation]
  if (before !== undefined && before !== revision) {
    wanted[historyAnnotation] = [has[historyAnnotation], before].filter(Boolean).join(',')
  }
  const same = Object.entries(wanted).every(([name, value]) => has[name] === value)
  return same && (set.spec.minReadySeconds ?? 0) === (deployment.spec.minReadySeconds ?? 0) ? undefined : wanted
}
