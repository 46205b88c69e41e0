/** The cluster proves itself: the node is Ready, and a real pod runs on it. */
import { configMaps } from '../../api/core/v1/config-map.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { delay } from '../../base/clock.ts'
import { parseDuration } from '../../base/duration.ts'
import type { Client } from '../../client/client.ts'
import { pauseImage } from '../../kubelet/runtime/oci/pause.ts'
import { getCondition } from '../../machinery/conditions.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import type { NodeContext } from '../node-context.ts'
import { networkConfigMap } from './addons.ts'
import type { Phase } from './phase.ts'

const namespace = 'kube-system'

export const verifyPhase: Phase<NodeContext> = {
  name: 'verify',
  does: 'Prove the cluster with a pod',
  when: context => !context.dryRun,
  async run(context, note) {
    const client = await context.admin()
    if (!(await hasNetwork(client))) {
      context.say(
        '[verify] There is no pod network yet: nodes are Ready, and pods run, when another one has been applied',
      )
      return
    }
    const name = `kobune-verify-${context.node.name}`
    // On a slow machine, the user grants all of this more time by the same field.
    const end = Date.now() + (parseDuration(context.timeouts.controlPlaneComponentHealthCheck) ?? 240_000)
    const wait = async (lacks: () => Promise<string | undefined>) => {
      for (;;) {
        const lacking = await lacks()
        if (lacking === undefined) return
        if (Date.now() > end) throw new Error(lacking)
        note(lacking)
        await delay(50, context.signal)
      }
    }
    await wait(async () => {
      const node = await client.get(nodes, { name: context.node.name })
      const ready = getCondition(node.status.conditions, 'Ready')
      return ready?.status === 'True' ? undefined : (ready?.message ?? 'the node has not reported yet')
    })
    try {
      // A namespace has no account to run a pod as until a controller has made it.
      await wait(() =>
        client.create(pods, pod(name, context.node.name)).then(
          () => undefined,
          error => (isAlreadyExists(error) ? undefined : (error as Error).message),
        ),
      )
      await wait(async () => {
        const { status } = await client.get(pods, { namespace, name })
        const waiting = status.containerStatuses?.[0]?.state?.waiting
        return status.phase === 'Running'
          ? undefined
          : `the pod is ${status.phase}: ${waiting?.message ?? waiting?.reason ?? 'not started'}`
      })
    } finally {
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 }).catch(error => {
        if (!isNotFound(error)) throw error
      })
    }
  },
}

/** Where the network is left to others, no pod runs before they come. */
async function hasNetwork(client: Client): Promise<boolean> {
  try {
    await client.get(configMaps, networkConfigMap)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** Scheduled by the scheduler, which is one of those to be proved. */
function pod(name: string, node: string) {
  return {
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      nodeSelector: { 'kubernetes.io/hostname': node },
      tolerations: [{ operator: 'Exists' }],
      automountServiceAccountToken: false,
      containers: [{ name: 'pause', image: pauseImage, imagePullPolicy: 'IfNotPresent' }],
    },
  } as const
}
