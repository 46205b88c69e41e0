import { type Misfit, mostScore, plugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'

/** Enough of everything is left on the node; nodes with more left are better (LeastAllocated). */
export const nodeResourcesFit = plugin({
  name: 'NodeResourcesFit',
  weight: 1,
  wakes: ['node-added', 'node-resources', 'pod-gone'],
  filter: lacking,
  score: (pod, node) => {
    const cpu = left(node.allocatable.milliCpu, node.assumedCpu + pod.assumedCpu)
    const memory = left(node.allocatable.memory, node.assumedMemory + pod.assumedMemory)
    return Math.floor((cpu + memory) / 2)
  },
})

function left(allocatable: number, used: number): number {
  return allocatable === 0 || used > allocatable ? 0 : Math.floor(((allocatable - used) * mostScore) / allocatable)
}

/** Everything the node has too little of, as one misfit per resource joined in upstream's order. */
function lacking({ requests }: PodInfo, node: NodeInfo): Misfit | undefined {
  const { allocatable, requested } = node
  const reasons: string[] = []
  let resolvable = true
  const need = (name: string, wanted: number, has: number, used: number) => {
    if (wanted === 0 || wanted <= has - used) return
    reasons.push(`Insufficient ${name}`)
    if (wanted > has) resolvable = false
  }
  if (node.pods.size + 1 > node.mostPods) reasons.push('Too many pods')
  need('cpu', requests.milliCpu, allocatable.milliCpu, requested.milliCpu)
  need('memory', requests.memory, allocatable.memory, requested.memory)
  need('ephemeral-storage', requests.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage)
  for (const [name, wanted] of requests.others) {
    need(name, wanted, allocatable.others.get(name) ?? 0, requested.others.get(name) ?? 0)
  }
  return reasons.length ? { reason: reasons.join('\n'), resolvable } : undefined
}
