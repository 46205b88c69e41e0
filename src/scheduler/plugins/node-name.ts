import { plugin } from '../framework.ts'

/** A pod that names its node goes there or nowhere. */
export const nodeName = plugin({
  name: 'NodeName',
  wakes: ['node-added'],
  preFilter: ({ pod }) => (pod.spec.nodeName ? pod.spec.nodeName : 'skip'),
  filter: (_, node, wanted: string) =>
    node.name === wanted ? undefined : { reason: "node(s) didn't match the requested node name", resolvable: false },
})
