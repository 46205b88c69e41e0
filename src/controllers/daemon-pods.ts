/** The pods of a DaemonSet: each is bound to its node by affinity, and stays when the node is in trouble. */
import type { ControllerRevision } from '../api/apps/v1/controller-revision.ts'
import type { DaemonSet } from '../api/apps/v1/daemon-set.ts'
import type { Node } from '../api/core/v1/node.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Toleration } from '../api/core/v1/toleration.ts'
import { nodeMatches } from '../machinery/node-selector.ts'
import { untolerated } from '../machinery/tolerations.ts'
import { type PodToCreate, podFrom } from './pod-control.ts'
import { hashLabel } from './template-revisions.ts'

const prefix = 'node.kubernetes.io'
const always: readonly Toleration[] = [
  { key: `${prefix}/not-ready`, operator: 'Exists', effect: 'NoExecute' },
  { key: `${prefix}/unreachable`, operator: 'Exists', effect: 'NoExecute' },
  { key: `${prefix}/disk-pressure`, operator: 'Exists', effect: 'NoSchedule' },
  { key: `${prefix}/memory-pressure`, operator: 'Exists', effect: 'NoSchedule' },
  { key: `${prefix}/pid-pressure`, operator: 'Exists', effect: 'NoSchedule' },
  { key: `${prefix}/unschedulable`, operator: 'Exists', effect: 'NoSchedule' },
]
const onHostNetwork: Toleration = { key: `${prefix}/network-unavailable`, operator: 'Exists', effect: 'NoSchedule' }

function tolerationsOf({ spec: { template } }: DaemonSet): readonly Toleration[] {
  const { tolerations = [], hostNetwork } = template.spec!
  return [...tolerations, ...always, ...(hostNetwork ? [onHostNetwork] : [])]
}

/** Whether the set wants a pod on the node, and whether one that is there may stay. */
export function fits(set: DaemonSet, node: Node): { readonly shouldRun: boolean; readonly shouldContinue: boolean } {
  const { nodeName } = set.spec.template.spec!
  if (nodeName && nodeName !== node.metadata.name) return { shouldRun: false, shouldContinue: false }
  if (!nodeMatches(set.spec.template.spec!, node)) return { shouldRun: false, shouldContinue: false }
  const tolerations = tolerationsOf(set)
  const shouldRun = !untolerated(node.spec.taints, tolerations, taint => taint.effect !== 'PreferNoSchedule')
  const shouldContinue = !untolerated(node.spec.taints, tolerations, taint => taint.effect === 'NoExecute')
  return { shouldRun, shouldContinue }
}

/** The node a daemon pod is for, bound yet or not. */
export function nodeNameOf(pod: Pod): string {
  if (pod.spec.nodeName) return pod.spec.nodeName
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return terms?.[0]?.matchFields?.find(field => field.key === 'metadata.name')?.values?.[0] ?? ''
}

/** A pod of the set for one node. */
export function daemonPod(set: DaemonSet, node: Node, revision: ControllerRevision): PodToCreate {
  const { template } = set.spec
  const here = [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }]
  const { affinity } = template.spec!
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const nodeSelectorTerms = required?.nodeSelectorTerms.map(term => ({ ...term, matchFields: here })) ?? [
    { matchFields: here },
  ]
  const hash = revision.metadata.labels?.[hashLabel] ?? ''
  const labels = {
    ...template.metadata?.labels,
    [hashLabel]: hash,
    'pod-template-generation': String(set.metadata.generation ?? 1),
  }
  const pod = podFrom(set, template, { labels })
  return {
    ...pod,
    spec: {
      ...pod.spec!,
      tolerations: tolerationsOf(set),
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
        },
      },
    },
  }
}
