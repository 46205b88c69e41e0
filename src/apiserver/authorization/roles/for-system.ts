import { nodeRules } from '../node-rules.ts'
import { clusterRole, events, on, onPaths, type RbacObject, read, role } from './rule.ts'

const signers = 'certificates.k8s.io'
const leases = 'coordination.k8s.io'

/** Taking and keeping the lead of a component. */
const leading = (name: string) => [on(leases, 'leases', 'create'), on(leases, 'leases', 'get update', name)]
const approver = (name: string, signer: string) =>
  clusterRole(`system:certificates.k8s.io:${name}`, [on(signers, 'signers', 'approve', signer)])

const discoveryPaths = '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'

/** ClusterRoles of the parts of the cluster, and of everybody. */
export const rolesForSystem: readonly RbacObject[] = [
  clusterRole('system:discovery', [onPaths(discoveryPaths)]),
  clusterRole('system:monitoring', [
    onPaths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
  ]),
  clusterRole('system:basic-user', [
    on('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', 'create'),
    on('authentication.k8s.io', 'selfsubjectreviews', 'create'),
  ]),
  clusterRole('system:public-info-viewer', [onPaths('/healthz /livez /readyz /version /version/')]),
  clusterRole('system:heapster', [on('', 'events namespaces nodes pods', read), on('extensions', 'deployments', read)]),
  clusterRole('system:node', nodeRules),
  clusterRole('system:node-problem-detector', [on('', 'nodes', 'get'), on('', 'nodes/status', 'patch'), events]),
  clusterRole('system:kubelet-api-admin', [
    on('', 'nodes', 'get list watch proxy'),
    on('', 'nodes/proxy nodes/log nodes/stats nodes/metrics nodes/spec nodes/configz nodes/healthz nodes/pods', '*'),
  ]),
  clusterRole('system:node-bootstrapper', [on(signers, 'certificatesigningrequests', 'create get list watch')]),
  clusterRole('system:node-proxier', [
    on('', 'endpoints services', 'list watch'),
    on('', 'nodes', read),
    events,
    on('discovery.k8s.io', 'endpointslices', 'list watch'),
    on('networking.k8s.io', 'servicecidrs', 'list watch'),
  ]),
  clusterRole('system:auth-delegator', [
    on('authentication.k8s.io', 'tokenreviews', 'create'),
    on('authorization.k8s.io', 'subjectaccessreviews', 'create'),
  ]),
  clusterRole('system:kube-aggregator', [on('', 'endpoints services', read)]),
  clusterRole('system:kube-controller-manager', [
    events,
    ...leading('kube-controller-manager'),
    on('', 'secrets serviceaccounts', 'create'),
    on('', 'secrets', 'delete'),
    on('', 'configmaps namespaces secrets serviceaccounts', 'get'),
    on('', 'secrets serviceaccounts', 'update'),
    on('authentication.k8s.io', 'tokenreviews', 'create'),
    on('authorization.k8s.io', 'subjectaccessreviews', 'create'),
    on('*', '*', 'list watch'),
    on('', 'serviceaccounts/token', 'create'),
  ]),
  clusterRole('system:kube-dns', [on('', 'endpoints services', 'list watch')]),
  clusterRole('system:persistent-volume-provisioner', [
    on('', 'persistentvolumes', 'create delete get list watch'),
    on('', 'persistentvolumeclaims', 'get list update watch'),
    on('storage.k8s.io', 'storageclasses', read),
    on('', 'events', 'watch'),
    events,
  ]),
  clusterRole('system:kube-scheduler', [
    events,
    ...leading('kube-scheduler'),
    on(leases, 'leasecandidates', 'create delete deletecollection get list patch update watch'),
    on('', 'nodes', read),
    on('', 'pods', 'delete get list watch'),
    on('', 'bindings pods/binding', 'create'),
    on('', 'pods/status', 'patch update'),
    on('', 'replicationcontrollers services', read),
    on('apps extensions', 'replicasets', read),
    on('apps', 'statefulsets', read),
    on('policy', 'poddisruptionbudgets', read),
    on('', 'persistentvolumeclaims persistentvolumes', read),
    on('authentication.k8s.io', 'tokenreviews', 'create'),
    on('authorization.k8s.io', 'subjectaccessreviews', 'create'),
    on('storage.k8s.io', 'csinodes csidrivers csistoragecapacities', read),
    on('', 'namespaces', read),
    on('resource.k8s.io', 'deviceclasses resourceclaims resourceslices', read),
    on('resource.k8s.io', 'resourceclaims/status', 'patch update'),
    on('', 'pods/finalizers', 'update'),
  ]),
  clusterRole('system:volume-scheduler', [
    on('', 'persistentvolumes', 'get list patch update watch'),
    on('storage.k8s.io', 'storageclasses', read),
    on('', 'persistentvolumeclaims', 'get list patch update watch'),
  ]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [
    on(signers, 'certificatesigningrequests/nodeclient', 'create'),
  ]),
  clusterRole('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [
    on(signers, 'certificatesigningrequests/selfnodeclient', 'create'),
  ]),
  approver('kube-apiserver-client-approver', 'kubernetes.io/kube-apiserver-client'),
  approver('kube-apiserver-client-kubelet-approver', 'kubernetes.io/kube-apiserver-client-kubelet'),
  approver('kubelet-serving-approver', 'kubernetes.io/kubelet-serving'),
  approver('legacy-unknown-approver', 'kubernetes.io/legacy-unknown'),
  clusterRole('system:service-account-issuer-discovery', [
    onPaths('/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/'),
  ]),
]

const leaderLocks = (name: string) =>
  role('kube-system', `system::leader-locking-${name}`, [
    on('', 'configmaps', 'watch'),
    on('', 'configmaps', 'get update', name),
  ])

/** Roles that hold in kube-system and kube-public. */
export const rolesInNamespaces: readonly RbacObject[] = [
  role('kube-system', 'extension-apiserver-authentication-reader', [
    on('', 'configmaps', read, 'extension-apiserver-authentication'),
  ]),
  role('kube-system', 'system:controller:bootstrap-signer', [on('', 'secrets', read)]),
  role('kube-system', 'system:controller:cloud-provider', [on('', 'configmaps', 'create get list watch')]),
  role('kube-system', 'system:controller:token-cleaner', [on('', 'secrets', 'delete get list watch'), events]),
  leaderLocks('kube-controller-manager'),
  leaderLocks('kube-scheduler'),
  role('kube-public', 'system:controller:bootstrap-signer', [
    on('', 'configmaps', read),
    on('', 'configmaps', 'update', 'cluster-info'),
    events,
  ]),
]
