import type { Pod } from '../../api/core/v1/pod.ts'
import type { Draft } from '../registry/strategy.ts'
import type { Plugin } from './plugin.ts'

const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const seconds = 300

/** Pods stay for five minutes on a node that fails, unless they say something else. */
export const defaultTolerationSeconds: Plugin = {
  name: 'DefaultTolerationSeconds',
  operations: ['CREATE', 'UPDATE'],
  resources: ['/pods'],
  mutate({ object, operation, oldObject }) {
    const { spec } = object as Draft<Pod>
    const tolerations = spec.tolerations ?? []
    const said = (key: string) =>
      tolerations.some(one => (!one.key || one.key === key) && (!one.effect || one.effect === 'NoExecute'))
    const missing = keys.filter(key => !said(key))
    if (missing.length === 0) return
    // Pods from before keep what they had: a status update by others must not change them.
    if (operation === 'UPDATE' && (oldObject as Pod | undefined)?.spec.nodeName) return
    const added = missing.map(key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }))
    spec.tolerations = [...tolerations, ...added] as typeof spec.tolerations
  },
}
