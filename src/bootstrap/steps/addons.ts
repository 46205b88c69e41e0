import { clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import type { WriteOfResource } from '../../schema/resource.ts'
import { dnsObjects } from '../addons/dns.ts'
import { ensure, ensureAll } from '../ensure.ts'
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
  await ensure(up.client!, clusterRoleBindings, clusterAdmins)
  const { clusterDomain } = up.settings
  await ensureAll(up.client!, dnsObjects({ domain: clusterDomain, address: dnsAddress(up.settings) }))
}
