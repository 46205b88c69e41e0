import { mostScore, plugin } from '../framework.ts'

/** Prefers nodes where CPU and memory would be used in like measure. */
export const nodeResourcesBalancedAllocation = plugin({
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakes: [],
  preScore: pod => (pod.requests.milliCpu || pod.requests.memory ? true : 'skip'),
  score: (pod, { allocatable, requested }) => {
    const cpu = Math.min(1, (requested.milliCpu + pod.requests.milliCpu) / (allocatable.milliCpu || 1))
    const memory = Math.min(1, (requested.memory + pod.requests.memory) / (allocatable.memory || 1))
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * mostScore)
  },
})
