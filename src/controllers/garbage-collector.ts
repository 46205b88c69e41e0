/**
 * Removes objects whose owners are gone. Every object is a node in a graph whose edges are ownerReferences; deleting an
 * owner is followed in the way its finalizers say: background (default), foreground (dependents first), orphan.
 */

import type { KubernetesObject } from '../api/group-version.ts'
import type { OwnerReference } from '../api/meta/v1/object-meta.ts'
import { resources } from '../api/resources.ts'
import { logger } from '../base/log.ts'
import { type Informer, type InformerHandler, keyOf } from '../client/informer.ts'
import { isConflict, isNotFound } from '../machinery/status-error.ts'
import type { Controller, ControllerContext, RunningController } from '../reconcile/controller.ts'
import { WorkQueue } from '../reconcile/work-queue.ts'
import type { AnyResource } from '../schema/resource.ts'

const foreground = 'foregroundDeletion'
const orphan = 'orphan'
const byOwnerUid = 'byOwnerUid'

/** Kinds that can own or be owned; events come and go by themselves. */
const collected: readonly AnyResource[] = resources.filter(
  (resource, i) =>
    resource.verbs.includes('delete') &&
    resource.verbs.includes('watch') &&
    resource.plural !== 'events' &&
    resources.findIndex(r => r.kind === resource.kind && r.group === resource.group) === i,
)

const log = logger('garbage-collector')

export function garbageCollector(): Controller {
  return { name: 'garbage-collector-controller', start }
}

interface Graph extends ControllerContext {
  dependents(uid: string): readonly (readonly [AnyResource, KubernetesObject])[]
}

/** `<index of the kind>|<key of the object>` */
const itemOf = (resource: AnyResource, object: KubernetesObject) => `${collected.indexOf(resource)}|${keyOf(object)}`

function start(context: ControllerContext): RunningController {
  const queue = new WorkQueue({ clock: context.clock })
  const stopping = new AbortController()
  const informers = collected.map(resource => context.informers.of(resource) as unknown as AnyInformer)
  const graph: Graph = {
    ...context,
    dependents: uid =>
      informers.flatMap((informer, i) =>
        informer.byIndex(byOwnerUid, uid).map(object => [collected[i]!, object] as const),
      ),
  }
  const offs = informers.map((informer, i) => {
    const resource = collected[i]!
    informer.index(byOwnerUid, object => (object.metadata.ownerReferences ?? []).map(owner => owner.uid))
    const changed = (object: KubernetesObject) => {
      const { ownerReferences, deletionTimestamp } = object.metadata
      if (ownerReferences?.length || deletionTimestamp) queue.add(itemOf(resource, object))
    }
    // An owner that waits for its dependents may be free now.
    const lookAtOwners = ({ metadata: { namespace, ownerReferences } }: KubernetesObject) => {
      for (const owner of ownerReferences ?? []) {
        const kind = kindOf(owner)
        if (kind) queue.add(`${collected.indexOf(kind)}|${kind.namespaced ? `${namespace}/` : ''}${owner.name}`)
      }
    }
    return informer.on({
      added: changed,
      updated: (object, old) => {
        changed(object)
        if (object.metadata.ownerReferences !== old.metadata.ownerReferences) lookAtOwners(old)
      },
      deleted: object => {
        for (const [kind, dependent] of graph.dependents(object.metadata.uid)) queue.add(itemOf(kind, dependent))
        lookAtOwners(object)
      },
    })
  })
  const work = async () => {
    await Promise.all(informers.map(informer => informer.synced))
    await Promise.all(Array.from({ length: 8 }, () => worker(queue, graph, stopping.signal)))
  }
  const working = work().catch(() => {})
  return {
    async stop() {
      for (const off of offs) off()
      stopping.abort()
      queue.close()
      await working
    },
  }
}

type AnyInformer = Omit<Informer<AnyResource>, 'byIndex' | 'index' | 'on' | 'get'> & {
  get(key: string): KubernetesObject | undefined
  byIndex(index: string, value: string): readonly KubernetesObject[]
  index(name: string, of: (object: KubernetesObject) => readonly string[]): void
  on(handler: InformerHandler<KubernetesObject>): () => void
}

async function worker(queue: WorkQueue, graph: Graph, signal: AbortSignal): Promise<void> {
  for (let item = await queue.take(); item !== undefined; item = await queue.take()) {
    try {
      const bar = item.indexOf('|')
      await collect(graph, collected[Number(item.slice(0, bar))]!, item.slice(bar + 1))
      queue.forget(item)
    } catch (error) {
      if (signal.aborted) return
      if (!isConflict(error) && !isNotFound(error))
        log.warn({ item, error: String(error) }, 'collecting failed; trying again')
      queue.retry(item)
    } finally {
      queue.done(item)
    }
  }
}

async function collect(graph: Graph, resource: AnyResource, key: string): Promise<void> {
  const informer = graph.informers.of(resource) as unknown as AnyInformer
  const object = informer.get(key)
  if (!object) return
  const { finalizers = [], deletionTimestamp, ownerReferences = [] } = object.metadata
  if (deletionTimestamp && finalizers.includes(orphan)) await orphanDependents(graph, resource, object)
  else if (deletionTimestamp && finalizers.includes(foreground)) await deleteDependents(graph, resource, object)
  else if (!deletionTimestamp && ownerReferences.length) await checkOwners(graph, resource, object)
}

/** How an owner stands: there, gone, or going and waiting for this dependent. */
type Standing = 'solid' | 'gone' | 'waiting'

async function checkOwners(graph: Graph, resource: AnyResource, object: KubernetesObject): Promise<void> {
  const owners = object.metadata.ownerReferences!
  const standings = await Promise.all(owners.map(owner => standing(graph, object, owner)))
  const has = (wanted: Standing) => standings.includes(wanted)
  if (!has('gone') && !has('waiting')) return
  const { uid, resourceVersion } = object.metadata
  if (has('solid')) {
    const ownerReferences = owners.filter((_, i) => standings[i] === 'solid')
    await graph.client.patch(resource, object.metadata, { metadata: { uid, resourceVersion, ownerReferences } })
    return
  }
  const waited = has('waiting') && graph.dependents(uid).length > 0
  const propagationPolicy = waited ? 'Foreground' : policyOf(object)
  await graph.client
    .delete(resource, object.metadata, { propagationPolicy, preconditions: { uid, resourceVersion } })
    .catch(unlessGone)
}

function policyOf({ metadata: { finalizers = [] } }: KubernetesObject): 'Orphan' | 'Foreground' | 'Background' {
  if (finalizers.includes(orphan)) return 'Orphan'
  return finalizers.includes(foreground) ? 'Foreground' : 'Background'
}

/**
 * Kinds that are not ours (custom ones of another server) count as there, and so do namespaced owners of what has no
 * namespace: such a reference cannot be followed.
 */
async function standing(graph: Graph, object: KubernetesObject, owner: OwnerReference): Promise<Standing> {
  const resource = kindOf(owner)
  if (!resource || (resource.namespaced && !object.metadata.namespace)) return 'solid'
  const key = { name: owner.name, namespace: resource.namespaced ? object.metadata.namespace : undefined }
  const known = (graph.informers.of(resource) as unknown as AnyInformer).get(
    resource.namespaced ? `${key.namespace}/${key.name}` : key.name,
  )
  const found = known?.metadata.uid === owner.uid ? known : await live(graph, resource, key)
  if (found?.metadata.uid !== owner.uid) return 'gone'
  const { deletionTimestamp, finalizers = [] } = found.metadata
  const waits = deletionTimestamp && finalizers.includes(foreground) && owner.blockOwnerDeletion
  return waits ? 'waiting' : 'solid'
}

/** The informer may be behind: before anything is deleted, the server is asked. */
async function live(graph: Graph, resource: AnyResource, key: { name: string; namespace: string | undefined }) {
  try {
    return (await graph.client.get(resource, key)) as KubernetesObject
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function kindOf(owner: Pick<OwnerReference, 'apiVersion' | 'kind'>): AnyResource | undefined {
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
  return collected.find(resource => resource.kind === owner.kind && resource.group === group)
}

async function orphanDependents(graph: Graph, resource: AnyResource, owner: KubernetesObject): Promise<void> {
  await Promise.all(
    graph.dependents(owner.metadata.uid).map(([kind, dependent]) => {
      const { uid, resourceVersion } = dependent.metadata
      const ownerReferences = dependent.metadata.ownerReferences!.filter(o => o.uid !== owner.metadata.uid)
      const patch = { metadata: { uid, resourceVersion, ownerReferences } }
      return graph.client.patch(kind, dependent.metadata, patch).catch(unlessGone)
    }),
  )
  await removeFinalizer(graph, resource, owner, orphan)
}

async function deleteDependents(graph: Graph, resource: AnyResource, owner: KubernetesObject): Promise<void> {
  const blocking = graph
    .dependents(owner.metadata.uid)
    .filter(([, d]) => d.metadata.ownerReferences!.some(o => o.uid === owner.metadata.uid && o.blockOwnerDeletion))
  if (blocking.length === 0) {
    await removeFinalizer(graph, resource, owner, foreground)
    return
  }
  for (const [kind, dependent] of blocking) {
    if (!dependent.metadata.deletionTimestamp) await checkOwners(graph, kind, dependent)
  }
}

async function removeFinalizer(graph: Graph, resource: AnyResource, object: KubernetesObject, name: string) {
  const { resourceVersion, namespace, name: objectName } = object.metadata
  const finalizers = object.metadata.finalizers!.filter(finalizer => finalizer !== name)
  const patch = { metadata: { resourceVersion, finalizers } }
  await graph.client.patch(resource, { name: objectName, namespace }, patch).catch(unlessGone)
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error
}
