import { tolerates } from '../../machinery/tolerations.ts'
import { plugin } from '../framework.ts'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable = plugin({
  name: 'NodeUnschedulable',
  wakes: ['node-added', 'node-schedulable'],
  filter: (pod, { node }) =>
    node!.spec.unschedulable && !pod.pod.spec.tolerations?.some(toleration => tolerates(toleration, taint))
      ? { reason: 'node(s) were unschedulable', resolvable: false }
      : undefined,
})
