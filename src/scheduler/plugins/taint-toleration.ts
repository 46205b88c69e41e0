import { tolerates, untolerated } from '../../machinery/tolerations.ts'
import { plugin, proportional } from '../framework.ts'

/** Keeps pods off tainted nodes they do not tolerate, and prefers nodes with fewer soft taints. */
export const taintToleration = plugin({
  name: 'TaintToleration',
  weight: 3,
  wakes: ['node-added', 'node-taints'],
  filter: (pod, { node }) => {
    const taint = untolerated(node!.spec.taints, pod.pod.spec.tolerations, t => t.effect !== 'PreferNoSchedule')
    if (!taint) return undefined
    const value = taint.value ? `{${taint.key}: ${taint.value}}` : `{${taint.key}: }`
    return { reason: `node(s) had untolerated taint ${value}`, resolvable: false }
  },
  preScore: (_, nodes) =>
    nodes.some(({ node }) => node!.spec.taints?.some(taint => taint.effect === 'PreferNoSchedule')) ? true : 'skip',
  score: (pod, { node }) => {
    const soft = node!.spec.taints?.filter(taint => taint.effect === 'PreferNoSchedule') ?? []
    return soft.filter(taint => !pod.pod.spec.tolerations?.some(toleration => tolerates(toleration, taint))).length
  },
  normalize: proportional(true),
})
