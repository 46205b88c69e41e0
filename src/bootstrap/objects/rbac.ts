/** Roles and bindings that kubeadm makes, under its names. */
import { clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import { clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import { roles } from '../../api/rbac/v1/role.ts'
import { roleBindings } from '../../api/rbac/v1/role-binding.ts'
import { type Declared, declare } from '../ensure.ts'

const apiGroup = 'rbac.authorization.k8s.io'
/** Whose members may become nodes. */
export const nodeTokenGroup = 'system:bootstrappers:kubeadm:default-node-token'

type Subject = { readonly kind: 'User' | 'Group'; readonly name: string }
const group = (name: string): Subject => ({ kind: 'Group', name })
const user = (name: string): Subject => ({ kind: 'User', name })
const subjects = (of: readonly Subject[]) => of.map(subject => ({ apiGroup, ...subject }))

/** Binds a role of the whole cluster. */
export function clusterBinding(name: string, role: string, ...to: readonly Subject[]): Declared {
  return declare(clusterRoleBindings, {
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects: subjects(to),
  })
}

/** A role that lets `to` read one named object of a namespace. */
export function readable(
  name: string,
  what: { readonly namespace: string; readonly resource: 'configmaps' | 'secrets'; readonly name: string },
  ...to: readonly Subject[]
): readonly Declared[] {
  const { namespace } = what
  const metadata = { name, namespace }
  const rules = [{ apiGroups: [''], resources: [what.resource], resourceNames: [what.name], verbs: ['get'] }]
  return [
    declare(roles, { metadata, rules }),
    declare(roleBindings, { metadata, roleRef: { apiGroup, kind: 'Role', name }, subjects: subjects(to) }),
  ]
}

/** Those who will be nodes, and those who are. */
export const nodesToBe = [group(nodeTokenGroup), group('system:nodes')] as const

/** Who administers, and who the API server is to kubelets. */
export const administrators: readonly Declared[] = [
  clusterBinding('kubeadm:cluster-admins', 'cluster-admin', group('kubeadm:cluster-admins')),
  clusterBinding('kubeadm:apiserver-kubelet-client', 'system:kubelet-api-admin', user('kube-apiserver-kubelet-client')),
]

/** What lets nodes renew their own certificates. */
export const nodeRenewal: readonly Declared[] = [
  clusterBinding(
    'kubeadm:node-autoapprove-certificate-rotation',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    group('system:nodes'),
  ),
]

/** What lets machines with a bootstrap token become nodes. */
export const nodeBootstrap: readonly Declared[] = [
  clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', group(nodeTokenGroup)),
  clusterBinding(
    'kubeadm:node-autoapprove-bootstrap',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    group(nodeTokenGroup),
  ),
  ...nodeRenewal,
  declare(clusterRoles, {
    metadata: { name: 'kubeadm:get-nodes' },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
  }),
  clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', group(nodeTokenGroup)),
  ...readable(
    'kubeadm:bootstrap-signer-clusterinfo',
    { namespace: 'kube-public', resource: 'configmaps', name: 'cluster-info' },
    user('system:anonymous'),
  ),
]
