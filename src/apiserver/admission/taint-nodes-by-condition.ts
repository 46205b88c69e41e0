import type { Node } from '../../api/core/v1/node.ts'
import type { Draft } from '../registry/strategy.ts'
import type { Plugin } from './plugin.ts'

const key = 'node.kubernetes.io/not-ready'

/** A new node takes no pods until it has been seen ready. */
export const taintNodesByCondition: Plugin = {
  name: 'TaintNodesByCondition',
  operations: ['CREATE'],
  resources: ['/nodes'],
  mutate({ object }) {
    const node = object as Draft<Node>
    const taints = node.spec?.taints ?? []
    if (taints.some(taint => taint.key === key && taint.effect === 'NoSchedule')) return
    node.spec = { ...node.spec, taints: [...taints, { key, effect: 'NoSchedule' }] } as typeof node.spec
  },
}
