/** How the static pod of a manifest is: asked of the runtime and of the component itself, for the API may be what is replaced. */
import { parse } from 'yaml'
import { criClient } from '../../kubelet/cri/cri.ts'
import { containerNameLabel, podNameLabel, podUidLabel } from '../../kubelet/labels.ts'
import { staticPodUid } from '../../kubelet/sources/static-pods.ts'
import { etcdAccess } from '../etcd-access.ts'
import { hasQuorum } from '../etcd-quorum.ts'
import type { StaticPodName } from '../manifests/static-pod.ts'
import type { ControlPlaneContext } from '../node-context.ts'
import { socketOf } from '../phases/manifests.ts'
import { healthChecks, healthOf } from '../phases/wait-control-plane.ts'

export type PodContext = Pick<ControlPlaneContext, 'host' | 'endpoint' | 'node'>

export interface PodState {
  /** What is not well yet; undefined when the pod of this manifest runs and is healthy. */
  readonly lacks?: string
  /** It ended again and again: waiting longer is of no use. */
  readonly hopeless?: boolean
}

/** How the pod of a manifest is. */
export type LookAtPod = (context: PodContext, name: StaticPodName, manifest: string) => Promise<PodState>

/** So many times a container is started again before it is given up. */
const mostRestarts = 2

export const lookAtPod: LookAtPod = async (context, name, manifest) => {
  const { node } = context
  const uid = staticPodUid(node.name, parse(manifest))
  const cri = criClient({ socket: socketOf(context) })
  try {
    const labelSelector = { [containerNameLabel]: name, [podNameLabel]: `${name}-${node.name}` }
    const containers = await cri.listContainers({ labelSelector })
    const isNew = ({ labels }: { readonly labels: Readonly<Record<string, string>> }) => labels[podUidLabel] === uid
    const running = containers.filter(({ state }) => state === 'CONTAINER_RUNNING')
    if (running.some(container => !isNew(container))) return { lacks: 'the old one is still ending' }
    const own = containers.filter(isNew)
    if (!running.length) {
      const last = own.toSorted((a, b) => b.metadata.attempt - a.metadata.attempt)[0]
      if (last?.state !== 'CONTAINER_EXITED') return { lacks: 'is starting' }
      return { lacks: 'ended', hopeless: last.metadata.attempt >= mostRestarts }
    }
  } catch (error) {
    return { lacks: `the runtime does not answer: ${(error as Error).message}` }
  } finally {
    cri.close()
  }
  const lacks = await healthOfComponent(context, name)
  return lacks === undefined ? {} : { lacks }
}

async function healthOfComponent(context: PodContext, name: StaticPodName): Promise<string | undefined> {
  if (name === 'etcd') {
    const access = await etcdAccess(context.host)
    return access && !(await hasQuorum(access, access.endpoints)) ? 'has no quorum' : undefined
  }
  const check = (await healthChecks(context)).find(({ component }) => component === name)
  return check && healthOf(check.url)
}
