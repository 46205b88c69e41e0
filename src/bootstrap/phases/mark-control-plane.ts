/** Marks this machine's node as one of the control plane: labels and, unless told otherwise, the taint. */
import { nodes } from '../../api/core/v1/node.ts'
import { delay } from '../../base/clock.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { ControlPlaneContext } from '../node-context.ts'
import { controlPlaneTaint } from './kubelet-start.ts'
import type { Phase } from './phase.ts'

const labels = {
  'node-role.kubernetes.io/control-plane': '',
  'node.kubernetes.io/exclude-from-external-load-balancers': '',
}

export const markControlPlanePhase: Phase<ControlPlaneContext> = {
  name: 'mark-control-plane',
  does: 'Mark the node as one of the control plane',
  async run(context, note) {
    const client = await context.admin()
    const key = { name: context.node.name }
    for (;;) {
      const node = await client.get(nodes, key).catch(error => {
        if (isNotFound(error)) return undefined
        throw error
      })
      if (node || context.dryRun) {
        const wanted = context.node.taints ?? [controlPlaneTaint]
        const had = node?.spec.taints ?? []
        const same = (a: { key: string; effect: string }, b: { key: string; effect: string }) =>
          a.key === b.key && a.effect === b.effect
        const taints = [...had, ...wanted.filter(taint => !had.some(each => same(each, taint)))]
        await client.patch(nodes, key, { metadata: { labels }, ...(taints.length && { spec: { taints } }) })
        return
      }
      note('the kubelet has not made its Node yet')
      await delay(50, context.signal)
    }
  },
}
