/** Empties a namespace that is being deleted, and then lets it go. */
import { type Namespace, namespaces } from '../api/core/v1/namespace.ts'
import { resources } from '../api/resources.ts'
import { rfc3339 } from '../base/clock.ts'
import { setCondition } from '../machinery/conditions.ts'
import { isNotFound, StatusError } from '../machinery/status-error.ts'
import { type Controller, controller, own, type ReconcileContext } from '../reconcile/controller.ts'
import type { AnyResource } from '../schema/resource.ts'

/** What a namespace may hold, each kind once: only one version of it. */
const contents: readonly AnyResource[] = resources.filter(
  (resource, i) =>
    resource.namespaced &&
    resource.verbs.includes('list') &&
    resource.verbs.includes('delete') &&
    resources.findIndex(r => r.kind === resource.kind && storedIn(r) === storedIn(resource)) === i,
)

/** Events of both groups are the same objects. */
function storedIn(resource: AnyResource): string {
  return resource.plural === 'events' ? '' : resource.group
}

export function namespaceController(): Controller {
  return controller({ name: 'namespace-controller', watches: [own(namespaces)], workers: 4, reconcile })
}

async function reconcile(key: string, context: ReconcileContext) {
  const namespace = context.informers.of(namespaces).get(key)
  if (!namespace?.metadata.deletionTimestamp || !namespace.spec.finalizers?.includes('kubernetes')) return undefined
  const remaining = await empty(context, namespace)
  if (remaining.length === 0) {
    const finalizers = namespace.spec.finalizers.filter(finalizer => finalizer !== 'kubernetes')
    const { name } = namespace.metadata
    await context.client.update(
      namespaces,
      { ...namespace, spec: { ...namespace.spec, finalizers } },
      { subresource: 'finalize' },
    )
    context.log.info({ namespace: name }, 'namespace is empty and gone')
    return undefined
  }
  await tell(context, namespace, remaining)
  return { after: Math.min(5_000, 250 * (1 + remaining.length)) }
}

interface Remaining {
  readonly resource: AnyResource
  readonly count: number
  readonly finalizers: readonly string[]
}

/** Deletes everything; pods take their grace period, and what has finalizers takes its time. */
async function empty({ client }: ReconcileContext, namespace: Namespace): Promise<Remaining[]> {
  const { name } = namespace.metadata
  const found = await Promise.all(
    contents.map(async resource => {
      const list = await client.list(resource, { namespace: name }).catch(error => {
        if (isNotFound(error) || (error instanceof StatusError && error.code === 405)) return { items: [] }
        throw error
      })
      const items = list.items as readonly { metadata: { deletionTimestamp?: string; finalizers?: string[] } }[]
      if (items.some(item => !item.metadata.deletionTimestamp)) {
        await client.deleteCollection(resource, { namespace: name }, { propagationPolicy: 'Background' })
      }
      return { resource, count: items.length, finalizers: items.flatMap(item => item.metadata.finalizers ?? []) }
    }),
  )
  return found.filter(({ count }) => count > 0)
}

/** The conditions that `kubectl describe namespace` shows while it is stuck. */
async function tell({ client, clock }: ReconcileContext, namespace: Namespace, remaining: readonly Remaining[]) {
  const names = (resource: AnyResource) => `${resource.plural}.${resource.group}`
  const content = remaining.map(r => `${names(r.resource)} has ${r.count} resource instances`).join(', ')
  const counted = new Map<string, number>()
  for (const finalizer of remaining.flatMap(r => r.finalizers)) {
    counted.set(finalizer, (counted.get(finalizer) ?? 0) + 1)
  }
  const waiting = [...counted].map(([name, count]) => `${name} in ${count} resource instances`).join(', ')
  const now = rfc3339(clock.now())
  let conditions = setCondition(
    namespace.status.conditions,
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${content}`,
    },
    now,
  )
  conditions = setCondition(
    conditions,
    waiting
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${waiting}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
    now,
  )
  if (conditions === namespace.status.conditions) return
  await client.patch(namespaces, namespace.metadata, { status: { conditions } }, { subresource: 'status' })
}
