import { deployments } from '../../api/apps/v1/deployment.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import { Informer, splitKey } from '../../client/informer.ts'
import type { AnyResource, ObjectOf } from '../../schema/resource.ts'
import type { Up } from '../up.ts'

const roleLabel = 'node-role.kubernetes.io/control-plane'

/** Waits until this machine's node is Ready, and marks it; throws with what it says it lacks. */
export async function nodeReady(up: Up, note: (text: string) => void): Promise<void> {
  const condition = (node: Node) => node.status.conditions?.find(c => c.type === 'Ready')
  await until(up, nodes, up.settings.nodeName, note, node => {
    const ready = condition(node)
    // Times of objects have no fractions.
    const told = Date.parse(ready?.lastHeartbeatTime ?? '') + 1000
    if (up.agentStarted && !(told > up.agentStarted)) return 'the node has not reported yet'
    return ready?.status === 'True' ? undefined : (ready?.message ?? 'the node has not reported yet')
  })
  // A kubelet may not give itself a role.
  await up.client!.patch(nodes, { name: up.settings.nodeName }, { metadata: { labels: { [roleLabel]: '' } } })
}

/** Waits until the cluster DNS has a ready pod. */
export async function dnsReady(up: Up, note: (text: string) => void): Promise<void> {
  await until(up, deployments, 'kube-system/coredns', note, dns => {
    const { readyReplicas = 0 } = dns.status
    return readyReplicas > 0 ? undefined : `${readyReplicas} of ${dns.spec.replicas} pods are ready`
  })
}

/** Watches one object until `lacks` finds nothing lacking any more. */
async function until<R extends AnyResource>(
  up: Up,
  resource: R,
  key: string,
  note: (text: string) => void,
  lacks: (object: ObjectOf<R>) => string | undefined,
): Promise<void> {
  const { name, namespace } = splitKey(key)
  await using informer = new Informer(up.client!, resource, { namespace, fieldSelector: `metadata.name=${name}` })
  const done = Promise.withResolvers<void>()
  let last = 'it does not exist yet'
  const look = () => {
    const object = informer.get(key)
    const lacking = object ? lacks(object as ObjectOf<R>) : 'it does not exist yet'
    if (lacking === undefined) done.resolve()
    else note((last = lacking))
  }
  const gaveUp = () => done.reject(new Error(`${resource.singular} ${key} did not get ready: ${last}`))
  up.signal.addEventListener('abort', gaveUp, { once: true })
  informer.on({ added: look, updated: look, deleted: look } satisfies Record<
    string,
    (object: KubernetesObject) => void
  >)
  informer.start()
  try {
    await done.promise
  } finally {
    up.signal.removeEventListener('abort', gaveUp)
  }
}
