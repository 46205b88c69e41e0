import { nodeMatches, termMatches } from '../../machinery/node-selector.ts'
import { plugin, proportional } from '../framework.ts'

/** nodeSelector and node affinity, required and preferred. */
export const nodeAffinity = plugin({
  name: 'NodeAffinity',
  weight: 2,
  wakes: ['node-added', 'node-labels'],
  preFilter: ({ pod: { spec } }) => (spec.nodeSelector || spec.affinity?.nodeAffinity ? true : 'skip'),
  filter: (pod, { node }) =>
    nodeMatches(pod.pod.spec, node!)
      ? undefined
      : { reason: "node(s) didn't match Pod's node affinity/selector", resolvable: false },
  preScore: ({ pod }) =>
    pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ? true : 'skip',
  score: ({ pod }, { node }) =>
    (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      .filter(({ preference }) => termMatches(preference, node!))
      .reduce((sum, { weight }) => sum + weight, 0),
  normalize: proportional(false),
})
