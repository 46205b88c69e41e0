/** One decision: where a pod goes, or why nowhere. Pure but for the dice among equals. */
import type { ClusterState } from './cluster-state.ts'
import type { Misfit, Plugin } from './framework.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

export type Decision =
  | { readonly node: string }
  | {
      readonly node?: undefined
      /** What `kubectl describe pod` shows. */
      readonly message: string
      /** The plugins that refused nodes: only what they wait for can help. */
      readonly refusedBy: readonly Plugin[]
    }

export interface CycleOptions {
  readonly profile: readonly Plugin[]
  /** 0 <= x < 1 */
  readonly random?: () => number
  /** Where the last search ended, so that large clusters are searched all around. */
  readonly offset?: number
}

/** Below this many nodes all are looked at; above, enough to choose well from (upstream's adaptive percentage). */
const searchAll = 100
function enough(nodes: number): number {
  if (nodes <= searchAll) return nodes
  const percent = Math.max(5, 50 - nodes / 125)
  return Math.max(searchAll, Math.floor((nodes * percent) / 100))
}

interface Bound {
  readonly plugin: Plugin
  readonly state: unknown
}

export function decide(pod: PodInfo, state: ClusterState, options: CycleOptions): Decision {
  const { profile, random = Math.random, offset = 0 } = options
  const filters: Bound[] = []
  for (const plugin of profile) {
    const prepared = plugin.preFilter ? plugin.preFilter(pod, state) : undefined
    if (prepared !== 'skip' && plugin.filter) filters.push({ plugin, state: prepared })
  }
  const { nodes } = state
  const wanted = enough(nodes.length)
  const fitting: NodeInfo[] = []
  const refusals: Refusals = { reasons: new Map(), plugins: new Set() }
  for (let i = 0; i < nodes.length && fitting.length < wanted; i++) {
    const node = nodes[(offset + i) % nodes.length]!
    if (fits(pod, node, filters, refusals)) fitting.push(node)
  }
  if (fitting.length === 0) return { message: explain(nodes.length, refusals), refusedBy: [...refusals.plugins] }
  if (fitting.length === 1) return { node: fitting[0]!.name }
  return { node: best(pod, fitting, state, profile, random).name }
}

interface Refusals {
  readonly reasons: Map<string, number>
  readonly plugins: Set<Plugin>
}

function fits(pod: PodInfo, node: NodeInfo, filters: readonly Bound[], refusals: Refusals): boolean {
  for (const { plugin, state } of filters) {
    const misfit: Misfit | undefined = plugin.filter!(pod, node, state)
    if (!misfit) continue
    refusals.plugins.add(plugin)
    for (const reason of misfit.reason.split('\n')) {
      refusals.reasons.set(reason, (refusals.reasons.get(reason) ?? 0) + 1)
    }
    return false
  }
  return true
}

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.` */
function explain(nodes: number, { reasons }: Refusals): string {
  if (nodes === 0) return 'no nodes available to schedule pods'
  const told = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodes} nodes are available: ${told.join(', ')}.`
}

function best(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  state: ClusterState,
  profile: readonly Plugin[],
  random: () => number,
): NodeInfo {
  const totals = new Array<number>(nodes.length).fill(0)
  for (const plugin of profile) {
    if (!plugin.score) continue
    const prepared = plugin.preScore ? plugin.preScore(pod, nodes, state) : undefined
    if (prepared === 'skip') continue
    const scores = nodes.map(node => plugin.score!(pod, node, prepared))
    plugin.normalize?.(scores)
    for (let i = 0; i < scores.length; i++) totals[i]! += scores[i]! * (plugin.weight ?? 1)
  }
  const most = Math.max(...totals)
  const equals = nodes.filter((_, i) => totals[i] === most)
  return equals[Math.floor(random() * equals.length)]!
}
