import { binding, clusterBinding, clusterRole, on, type RbacObject } from './rule.ts'

const everybody = ['Group system:authenticated'] as const
const locks = (name: string, user: string) =>
  binding('kube-system', `system::leader-locking-${name}`, [`User ${user}`, `ServiceAccount kube-system/${name}`])
const signer = 'ServiceAccount kube-system/bootstrap-signer'

/** Who holds the default roles. */
export const defaultBindings: readonly RbacObject[] = [
  clusterBinding('cluster-admin', ['Group system:masters']),
  clusterBinding('system:monitoring', ['Group system:monitoring']),
  clusterBinding('system:discovery', everybody),
  clusterBinding('system:basic-user', everybody),
  clusterBinding('system:public-info-viewer', [...everybody, 'Group system:unauthenticated']),
  clusterBinding('system:node-proxier', ['User system:kube-proxy']),
  clusterBinding('system:kube-controller-manager', ['User system:kube-controller-manager']),
  clusterBinding('system:kube-dns', ['ServiceAccount kube-system/kube-dns']),
  clusterBinding('system:kube-scheduler', ['User system:kube-scheduler']),
  clusterBinding('system:volume-scheduler', ['User system:kube-scheduler']),
  // Nobody by default: the node authorizer is narrower.
  clusterBinding('system:node', []),
  clusterBinding('system:service-account-issuer-discovery', ['Group system:serviceaccounts']),
  binding(
    'kube-system',
    'system::extension-apiserver-authentication-reader',
    ['User system:kube-controller-manager', 'User system:kube-scheduler'],
    'extension-apiserver-authentication-reader',
  ),
  binding('kube-system', 'system:controller:bootstrap-signer', [signer]),
  binding('kube-system', 'system:controller:cloud-provider', ['ServiceAccount kube-system/cloud-provider']),
  binding('kube-system', 'system:controller:token-cleaner', ['ServiceAccount kube-system/token-cleaner']),
  binding('kube-public', 'system:controller:bootstrap-signer', [signer]),
  locks('kube-controller-manager', 'system:kube-controller-manager'),
  locks('kube-scheduler', 'system:kube-scheduler'),
]

const joining = 'Group system:bootstrappers:kubeadm:default-node-token'
const certificates = 'system:certificates.k8s.io:certificatesigningrequests'

/** What kubeadm adds: people of the cluster, the API server as the kubelets' client, and nodes that join. */
export const kubeadmRoles: readonly RbacObject[] = [
  clusterRole('kubeadm:get-nodes', [on('', 'nodes', 'get')]),
  clusterBinding('kubeadm:get-nodes', [joining]),
  clusterBinding('kubeadm:cluster-admins', ['Group kubeadm:cluster-admins'], 'cluster-admin'),
  clusterBinding(
    'kubeadm:apiserver-kubelet-client',
    ['User kube-apiserver-kubelet-client'],
    'system:kubelet-api-admin',
  ),
  clusterBinding('kubeadm:kubelet-bootstrap', [joining], 'system:node-bootstrapper'),
  clusterBinding('kubeadm:node-autoapprove-bootstrap', [joining], `${certificates}:nodeclient`),
  clusterBinding(
    'kubeadm:node-autoapprove-certificate-rotation',
    ['Group system:nodes'],
    `${certificates}:selfnodeclient`,
  ),
  clusterBinding('kubeadm:node-proxier', ['ServiceAccount kube-system/kube-proxy'], 'system:node-proxier'),
]
