/** Takes the pods off a node, in the order that their owners wish. */
import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { delay } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { isPodTerminal } from '../../machinery/pods.ts'
import { isNotFound, isStatus } from '../../machinery/status-error.ts'

export interface Drain {
  readonly client: Client
  readonly name: string
  /** Seconds that pods get to end; default: what each of them says. */
  readonly grace?: number
  /** Pods that nobody would make again are lost then, too. */
  readonly force: boolean
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

/** Milliseconds between two attempts at what a disruption budget does not allow yet. */
const retryEvery = 1_000

/** Nobody new comes. */
export async function cordon(client: Client, name: string): Promise<void> {
  await client.patch(nodes, { name }, { spec: { unschedulable: true } })
}

/** Pods of a node that have to go, those of DaemonSets and of the machine's own files apart. */
export async function podsToMove(client: Client, name: string): Promise<readonly Pod[]> {
  const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${name}` })
  return items.filter(pod => !isStatic(pod) && owner(pod)?.kind !== 'DaemonSet')
}

const isStatic = (pod: Pod) => pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
const owner = (pod: Pod) => pod.metadata.ownerReferences?.find(({ controller }) => controller)
const nameOf = ({ metadata: { namespace, name } }: Pod) => `${namespace}/${name}`

/** Throws when pods would be lost that nobody makes again. */
export async function checkDrain({ client, name, force }: Pick<Drain, 'client' | 'name' | 'force'>): Promise<void> {
  if (force) return
  const lost = (await podsToMove(client, name)).filter(pod => !owner(pod) && !isPodTerminal(pod)).map(nameOf)
  if (lost.length === 0) return
  throw new Error(`nobody makes these pods of ${name} again: ${lost.join(', ')}; --force removes them all the same`)
}

/** Evicts all pods, as fast as their disruption budgets allow, and waits until they have ended. */
export async function drain(options: Drain): Promise<void> {
  await cordon(options.client, options.name)
  const all = await podsToMove(options.client, options.name)
  const left = new Set(all.map(nameOf))
  const tell = () => options.note(left.size > 3 ? `${left.size} pods are left` : [...left].join(', '))
  if (all.length) tell()
  await Promise.all(
    all.map(async pod => {
      await evict(options, pod)
      await gone(options, pod)
      left.delete(nameOf(pod))
      if (left.size) tell()
    }),
  )
}

async function evict({ client, grace, signal, note }: Drain, pod: Pod): Promise<void> {
  const { name, namespace } = pod.metadata
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    ...(grace !== undefined && { deleteOptions: { gracePeriodSeconds: grace } }),
  }
  for (;;) {
    try {
      await client.post(pods, { name: name!, namespace }, 'eviction', body, signal)
      return
    } catch (error) {
      if (isNotFound(error)) return
      if (!isStatus(error, 'TooManyRequests')) throw error
      note(`a disruption budget keeps ${nameOf(pod)} for now`)
      await delay(retryEvery, signal)
    }
  }
}

async function gone({ client, signal }: Drain, pod: Pod): Promise<void> {
  const { name, namespace, uid } = pod.metadata
  for (;;) {
    const now = await client.get(pods, { name: name!, namespace }).catch(error => {
      if (isNotFound(error)) return undefined
      throw error
    })
    if (now?.metadata.uid !== uid) return
    await delay(250, signal)
  }
}

/** Forgets pods of a machine that is off: nobody there could say that they have ended. */
export async function forgetPods(client: Client, name: string): Promise<void> {
  const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${name}` })
  await Promise.all(
    items.map(({ metadata: { name, namespace } }) =>
      client.delete(pods, { name: name!, namespace }, { gracePeriodSeconds: 0 }).catch(error => {
        if (!isNotFound(error)) throw error
      }),
    ),
  )
}
