/** Pods that want to be near others, or away from them. */
import { matchesLabels } from '../../machinery/label-selector.ts'
import type { ClusterState } from '../cluster-state.ts'
import { mostScore, plugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { AffinityTerm, PodInfo } from '../pod-info.ts'

/** `key=value` of a topology -> how much. */
type Counts = Map<string, number>

interface FilterState {
  /** Pods there already that do not want this one, by topology. */
  readonly refused: ReadonlySet<string>
  readonly near: readonly Counts[]
  readonly away: readonly Counts[]
  /** The first of a group that wants to be together: nobody is there to be near to. */
  readonly first: boolean
}

const domain = (key: string, value: string) => `${key}=${value}`

/** Whether a term of one pod speaks of another. */
export function speaksOf(term: AffinityTerm, other: PodInfo, state: ClusterState): boolean {
  const inNamespace =
    term.namespaces.has(other.namespace) ||
    (term.namespaceSelector !== undefined &&
      matchesLabels(term.namespaceSelector, state.namespaces.get(other.namespace)))
  return inNamespace && matchesLabels(term.selector, other.labels)
}

function count(counts: Counts, node: NodeInfo, topologyKey: string, amount: number): void {
  const value = node.labels[topologyKey]
  if (value !== undefined) {
    const key = domain(topologyKey, value)
    counts.set(key, (counts.get(key) ?? 0) + amount)
  }
}

function preFilter(pod: PodInfo, state: ClusterState): FilterState | 'skip' {
  const refused: Counts = new Map()
  for (const node of state.nodes) {
    for (const there of node.withAntiAffinity) {
      for (const term of there.antiAffinity) if (speaksOf(term, pod, state)) count(refused, node, term.topologyKey, 1)
    }
  }
  if (refused.size === 0 && pod.affinity.length === 0 && pod.antiAffinity.length === 0) return 'skip'
  const near = pod.affinity.map((): Counts => new Map())
  const away = pod.antiAffinity.map((): Counts => new Map())
  for (const node of near.length || away.length ? state.nodes : []) {
    for (const there of node.pods.values()) {
      // Required terms must be met by the same pod, all of them.
      if (pod.affinity.length && pod.affinity.every(term => speaksOf(term, there, state))) {
        for (const [i, term] of pod.affinity.entries()) count(near[i]!, node, term.topologyKey, 1)
      }
      for (const [i, term] of pod.antiAffinity.entries()) {
        if (speaksOf(term, there, state)) count(away[i]!, node, term.topologyKey, 1)
      }
    }
  }
  const alone = near.every(counts => counts.size === 0)
  const first = alone && pod.affinity.every(term => speaksOf(term, pod, state))
  return { refused: new Set(refused.keys()), near, away, first }
}

function has(node: NodeInfo, topologyKey: string, counts: { has(key: string): boolean }): boolean {
  const value = node.labels[topologyKey]
  return value !== undefined && counts.has(domain(topologyKey, value))
}

interface ScoreState {
  readonly scores: Counts
}

function preScore(pod: PodInfo, nodes: readonly NodeInfo[], state: ClusterState): ScoreState | 'skip' {
  const own = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0
  const others = own || state.nodes.some(node => node.withAffinity.size > 0)
  if (!others || nodes.length === 0) return 'skip'
  const scores: Counts = new Map()
  const weigh = (terms: readonly AffinityTerm[], of: PodInfo, node: NodeInfo, sign: number) => {
    for (const term of terms)
      if (speaksOf(term, of, state)) count(scores, node, term.topologyKey, sign * (term.weight || 1))
  }
  for (const node of state.nodes) {
    for (const there of own ? node.pods.values() : node.withAffinity) {
      weigh(pod.preferredAffinity, there, node, 1)
      weigh(pod.preferredAntiAffinity, there, node, -1)
      weigh(there.affinity, pod, node, 1)
      weigh(there.preferredAffinity, pod, node, 1)
      weigh(there.preferredAntiAffinity, pod, node, -1)
    }
  }
  return scores.size ? { scores } : 'skip'
}

export const interPodAffinity = plugin<FilterState & ScoreState>({
  name: 'InterPodAffinity',
  weight: 2,
  wakes: ['node-added', 'node-labels', 'pod-gone', 'pod-placed', 'pod-labels'],
  preFilter: preFilter as never,
  filter: (pod, node, { refused, near, away, first }) => {
    const lacks = pod.affinity.some((term, i) => !has(node, term.topologyKey, near[i]!))
    const hasKeys = pod.affinity.every(term => node.labels[term.topologyKey] !== undefined)
    if (lacks && !(first && hasKeys)) {
      return { reason: "node(s) didn't match pod affinity rules", resolvable: false }
    }
    if (pod.antiAffinity.some((term, i) => has(node, term.topologyKey, away[i]!))) {
      return { reason: "node(s) didn't match pod anti-affinity rules", resolvable: true }
    }
    const refuses = Object.entries(node.labels).some(([key, value]) => refused.has(domain(key, value)))
    return refuses
      ? { reason: "node(s) didn't satisfy existing pods anti-affinity rules", resolvable: true }
      : undefined
  },
  preScore: preScore as never,
  score: (_, node, { scores }) =>
    Object.entries(node.labels).reduce((sum, [key, value]) => sum + (scores.get(domain(key, value)) ?? 0), 0),
  normalize: scores => {
    const most = Math.max(...scores)
    const least = Math.min(...scores)
    for (let i = 0; i < scores.length; i++) {
      scores[i] = most === least ? 0 : Math.floor((mostScore * (scores[i]! - least)) / (most - least))
    }
  },
})
