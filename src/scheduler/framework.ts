/** What a scheduling plugin is: pure functions over a pod, a node and the state of the cluster. */
import type { ClusterState } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** Why a node does not fit. Resolvable: ending other pods there would help. */
export interface Misfit {
  readonly reason: string
  readonly resolvable: boolean
}

/** What a plugin works out once per pod, before it looks at nodes. `skip`: it has nothing to say about this pod. */
export type PreFilter<S> = (pod: PodInfo, state: ClusterState) => S | 'skip'

/** One concern of scheduling. `S` is what its preFilter or preScore hands to filter and score. */
export interface Plugin<S = unknown> {
  readonly name: string
  readonly preFilter?: PreFilter<S>
  /** Undefined: the node fits. */
  readonly filter?: (pod: PodInfo, node: NodeInfo, state: S) => Misfit | undefined
  /** Before scoring, with the nodes that fit; `skip`: no difference between them. */
  readonly preScore?: (pod: PodInfo, nodes: readonly NodeInfo[], state: ClusterState) => S | 'skip'
  /** Higher is better; normalized to 0..100 afterwards unless `normalize` is absent. */
  readonly score?: (pod: PodInfo, node: NodeInfo, state: S) => number
  /** Maps the raw scores of all nodes to 0..100, in place. */
  readonly normalize?: (scores: number[]) => void
  readonly weight?: number
  /** Which changes of the cluster may make a pod fit that this plugin refused. */
  readonly wakes: readonly ClusterChange[]
}

export type ClusterChange =
  | 'node-added'
  | 'node-resources'
  | 'node-labels'
  | 'node-taints'
  | 'node-schedulable'
  | 'pod-gone'
  | 'pod-placed'
  | 'pod-labels'

export const mostScore = 100

/** The best gets 100, the others in proportion; `reverse` for scores of which less is better. */
export function proportional(reverse: boolean): (scores: number[]) => void {
  return scores => {
    const most = Math.max(...scores)
    for (let i = 0; i < scores.length; i++) {
      const share = most === 0 ? 0 : Math.floor((scores[i]! * mostScore) / most)
      scores[i] = reverse ? mostScore - share : share
    }
  }
}

/** A plugin with the type of its state checked, as the list of all keeps it. */
export function plugin<S>(declared: Plugin<S>): Plugin {
  return declared as unknown as Plugin
}
