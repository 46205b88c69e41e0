import type { KubernetesObject } from '../../api/group-version.ts'
import { clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { AnyResource, WriteOfResource } from '../../schema/resource.ts'
import { dnsObjects } from '../addons/dns.ts'
import { dnsAddress } from '../settings.ts'
import type { Up } from '../up.ts'

/** kubeadm's group of administrators, who hold admin.conf. */
const clusterAdmins: WriteOfResource<typeof clusterRoleBindings> = {
  metadata: { name: 'kubeadm:cluster-admins' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'kubeadm:cluster-admins' }],
}

/** Applies what every cluster has besides its components: who its administrators are, and its DNS. */
export async function addons(up: Up): Promise<void> {
  await ensure(up, clusterRoleBindings, clusterAdmins)
  const { clusterDomain } = up.settings
  for (const [resource, object] of dnsObjects({ domain: clusterDomain, address: dnsAddress(up.settings) })) {
    await ensure(up, resource, object)
  }
}

/**
 * Makes the spec and data of an object what they should be; creates it where it is not there. Not the other way round:
 * creating a Service again is refused for its address, before its name is looked at. Lists are replaced: merged by
 * `port`, the two ports 53 of the DNS would become one.
 */
async function ensure<R extends AnyResource>({ client }: Up, resource: R, object: WriteOfResource<R>): Promise<void> {
  const { metadata, ...rest } = object as unknown as KubernetesObject
  try {
    await client!.patch(resource, metadata, rest, { type: 'merge' })
  } catch (error) {
    if (!isNotFound(error)) throw error
    await client!.create(resource, object)
  }
}
