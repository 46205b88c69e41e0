/** Counts what a namespace holds against its quotas, for people to read; the API server holds to them by itself. */
import { type ResourceQuota, resourceQuotas } from '../api/core/v1/resource-quota.ts'
import type { KubernetesObject } from '../api/group-version.ts'
import { resources } from '../api/resources.ts'
import { keyOf } from '../client/informer.ts'
import { inScopes } from '../machinery/quota-scopes.ts'
import { countName, quotaUsage } from '../machinery/quota-usage.ts'
import { type Controller, controller, indexOf, on, type ReconcileContext } from '../reconcile/controller.ts'
import { formatQuantity, parseQuantity } from '../schema/quantity.ts'
import type { AnyResource } from '../schema/resource.ts'

const byNamespace = 'byNamespace'

/** All that can be counted, each kind once. */
const counted: readonly AnyResource[] = resources.filter(
  (resource, i) =>
    resource.namespaced &&
    resource.verbs.includes('watch') &&
    resource.plural !== 'events' &&
    resources.findIndex(r => r.kind === resource.kind && r.group === resource.group) === i,
)

export function resourceQuotaController(): Controller {
  return controller({
    name: 'resourcequota-controller',
    watches: [
      on(resourceQuotas, quota => [keyOf(quota)]),
      ...counted.map(resource =>
        on(resource, (object: KubernetesObject, { informers }) =>
          informers
            .of(resourceQuotas)
            .byIndex(byNamespace, object.metadata.namespace ?? '')
            .filter(quota => touches(quota, resource, object))
            .map(keyOf),
        ),
      ),
    ],
    indexes: [indexOf(resourceQuotas, byNamespace, quota => [quota.metadata.namespace])],
    reconcile,
  })
}

/** Whether the quota counts something that the object uses. */
function touches({ spec }: ResourceQuota, { group, plural }: AnyResource, object: KubernetesObject): boolean {
  if (!spec.hard) return false
  const usage = quotaUsage(object, group, plural)
  return Object.keys(spec.hard).some(name => usage.has(name) || name === countName(group, plural)) || plural === 'pods'
}

async function reconcile(key: string, { client, informers }: ReconcileContext) {
  const quota = informers.of(resourceQuotas).get(key)
  if (!quota || quota.metadata.deletionTimestamp) return undefined
  const hard = quota.spec.hard ?? {}
  const totals = new Map(Object.keys(hard).map(name => [name, 0n]))
  for (const resource of counted) {
    for (const object of informers.of(resource).list() as IterableIterator<KubernetesObject>) {
      if (object.metadata.namespace !== quota.metadata.namespace || !inScopes(quota, object)) continue
      for (const [name, amount] of quotaUsage(object, resource.group, resource.plural)) {
        const before = totals.get(name)
        if (before !== undefined) totals.set(name, before + amount)
      }
    }
  }
  const used = Object.fromEntries([...totals].map(([name, nano]) => [name, written(nano, hard[name])]))
  const facts = (of: Readonly<Record<string, string>> | undefined) => JSON.stringify(Object.entries(of ?? {}).sort())
  const { status } = quota
  if (facts(status.hard) === facts(hard) && facts(status.used) === facts(used)) return undefined
  await client.update(resourceQuotas, { ...quota, status: { hard, used } }, { subresource: 'status' })
  return undefined
}

/** In the form of the limit: binary units stay binary. */
function written(nano: bigint, like: string | undefined): string {
  const format = parseQuantity(like ?? '0')?.format ?? 'DecimalSI'
  return formatQuantity({ nano, format })
}
