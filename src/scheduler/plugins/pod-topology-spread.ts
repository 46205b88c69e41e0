/** Spreads pods over zones, hosts, or whatever label nodes are told apart by. */
import type { TopologySpreadConstraint } from '../../api/core/v1/pod-spec.ts'
import { type LabelSelector, labelSelectorOf, matchesLabels } from '../../machinery/label-selector.ts'
import { nodeMatches } from '../../machinery/node-selector.ts'
import { untolerated } from '../../machinery/tolerations.ts'
import type { ClusterState } from '../cluster-state.ts'
import { mostScore, plugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  /** The pod itself will count. */
  readonly self: number
  /** Value of the label -> matching pods there, of the nodes that count. */
  readonly counts: Map<string, number>
  /** The least of the counts; 0 while there are too few domains. */
  readonly least: number
}

function eligible(constraint: TopologySpreadConstraint, pod: PodInfo, node: NodeInfo): boolean {
  const { spec } = pod.pod
  if ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !nodeMatches(spec, node.node!)) return false
  if ((constraint.nodeTaintsPolicy ?? 'Ignore') === 'Ignore') return true
  return !untolerated(node.node!.spec.taints, spec.tolerations, taint => taint.effect !== 'PreferNoSchedule')
}

function constraintsOf(pod: PodInfo, state: ClusterState, action: string): Constraint[] {
  const asked = pod.pod.spec.topologySpreadConstraints?.filter(one => one.whenUnsatisfiable === action) ?? []
  // Only nodes that have the labels of all constraints count for any.
  const nodes = asked.length ? state.nodes.filter(node => asked.every(one => node.labels[one.topologyKey])) : []
  return asked.map(constraint => {
    const more = (constraint.matchLabelKeys ?? []).flatMap(key =>
      pod.labels[key] === undefined ? [] : [{ key, operator: 'in' as const, values: [pod.labels[key]] }],
    )
    const selector = [...labelSelectorOf(constraint.labelSelector), ...more]
    const counts = new Map<string, number>()
    for (const node of nodes) {
      if (!eligible(constraint, pod, node)) continue
      const value = node.labels[constraint.topologyKey]!
      counts.set(value, (counts.get(value) ?? 0) + matching(node, pod.namespace, selector))
    }
    return {
      key: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      self: matchesLabels(selector, pod.labels) ? 1 : 0,
      counts,
      least: counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values()),
    }
  })
}

function matching(node: NodeInfo, namespace: string, selector: LabelSelector): number {
  let count = 0
  for (const { pod, labels, namespace: of } of node.pods.values()) {
    if (of === namespace && !pod.metadata.deletionTimestamp && matchesLabels(selector, labels)) count++
  }
  return count
}

interface State {
  readonly constraints: readonly Constraint[]
}

export const podTopologySpread = plugin<State>({
  name: 'PodTopologySpread',
  weight: 2,
  wakes: ['node-added', 'node-labels', 'node-taints', 'pod-gone', 'pod-placed', 'pod-labels'],
  preFilter: (pod, state) => {
    const constraints = constraintsOf(pod, state, 'DoNotSchedule')
    return constraints.length ? { constraints } : 'skip'
  },
  filter: (_, node, { constraints }) => {
    for (const { key, maxSkew, self, counts, least } of constraints) {
      const value = node.labels[key]
      if (value === undefined) {
        return {
          reason: "node(s) didn't match pod topology spread constraints (missing required label)",
          resolvable: false,
        }
      }
      if ((counts.get(value) ?? 0) + self - least > maxSkew) {
        return { reason: "node(s) didn't match pod topology spread constraints", resolvable: true }
      }
    }
    return undefined
  },
  preScore: (pod, _, state) => {
    const constraints = constraintsOf(pod, state, 'ScheduleAnyway')
    return constraints.length ? { constraints } : 'skip'
  },
  // Fewer of its kind there is better; a rarer topology weighs more.
  score: (_, node, { constraints }) =>
    constraints.reduce((sum, { key, counts, maxSkew }) => {
      const value = node.labels[key]
      return value === undefined
        ? Number.NaN
        : sum + (counts.get(value) ?? 0) * Math.log(counts.size + 2) + (maxSkew - 1)
    }, 0),
  // Nodes outside of any topology (not a number) are the last choice.
  normalize: scores => {
    const known = scores.filter(score => !Number.isNaN(score))
    const most = Math.max(...known)
    const least = Math.min(...known)
    for (const [i, score] of scores.entries()) {
      if (Number.isNaN(score)) scores[i] = 0
      else scores[i] = most === 0 ? mostScore : Math.floor((mostScore * (most + least - score)) / most)
    }
  },
})
