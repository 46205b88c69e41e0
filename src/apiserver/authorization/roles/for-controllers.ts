import type { PolicyRule } from '../../../api/rbac/v1/cluster-role.ts'
import { clusterBinding, clusterRole, events, on, type RbacObject, read } from './rule.ts'

const storage = 'storage.k8s.io'
const discovery = 'discovery.k8s.io'
const networking = 'networking.k8s.io'
const resource = 'resource.k8s.io'
const certificates = 'certificates.k8s.io'
const admission = 'admissionregistration.k8s.io'
const claims = 'persistentvolumeclaims'
const volumes = 'persistentvolumes'

/** What each controller of the controller manager may do, by the name of its service account in kube-system. */
const controllers: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    on('', `${volumes} ${claims}`, 'list watch'),
    on('', 'nodes', read),
    on('', 'nodes/status', 'patch update'),
    on('', 'pods', 'list watch'),
    events,
    on(storage, 'volumeattachments', 'create delete get list watch'),
    on(storage, 'csidrivers', read),
    on(storage, 'csinodes', read),
  ],
  'clusterrole-aggregation-controller': [
    on('rbac.authorization.k8s.io', 'clusterroles', 'escalate get list patch update watch'),
  ],
  'cronjob-controller': [
    on('batch', 'cronjobs', 'get list update watch'),
    on('batch', 'jobs', 'create delete get list patch update watch'),
    on('batch', 'cronjobs/status', 'update'),
    on('batch', 'cronjobs/finalizers', 'update'),
    on('', 'pods', 'delete list watch'),
    events,
  ],
  'daemon-set-controller': [
    on('apps extensions', 'daemonsets', read),
    on('apps extensions', 'daemonsets/status', 'update'),
    on('apps extensions', 'daemonsets/finalizers', 'update'),
    on('', 'nodes', 'list watch'),
    on('', 'pods', 'create delete list patch watch'),
    on('', 'pods/binding', 'create'),
    on('apps', 'controllerrevisions', 'create delete get list patch update watch'),
    events,
  ],
  'deployment-controller': [
    on('apps extensions', 'deployments', 'get list update watch'),
    on('apps extensions', 'deployments/status', 'update'),
    on('apps extensions', 'deployments/finalizers', 'update'),
    on('apps extensions', 'replicasets', 'create delete get list patch update watch'),
    on('', 'pods', 'get list update watch'),
    events,
  ],
  'disruption-controller': [
    on('apps extensions', 'deployments', read),
    on('apps extensions', 'replicasets', read),
    on('', 'replicationcontrollers', read),
    on('policy', 'poddisruptionbudgets', read),
    on('apps', 'statefulsets', read),
    on('policy', 'poddisruptionbudgets/status', 'update'),
    on('', 'pods/status', 'patch update'),
    on('*', '*/scale', 'get'),
    events,
  ],
  'endpoint-controller': [
    on('', 'pods services', read),
    on('', 'endpoints', 'create delete get list update watch'),
    on('', 'endpoints/restricted', 'create'),
    events,
  ],
  'endpointslice-controller': [
    on('', 'nodes pods services', read),
    on('', 'services/finalizers', 'update'),
    on(discovery, 'endpointslices', 'create delete get list update watch'),
    events,
  ],
  'endpointslicemirroring-controller': [
    on('', 'endpoints services', read),
    on('', 'services/finalizers', 'update'),
    on('', 'endpoints/finalizers', 'update'),
    on(discovery, 'endpointslices', 'create delete get list update watch'),
    events,
  ],
  'expand-controller': [
    on('', volumes, 'get list patch update watch'),
    on('', `${claims}/status`, 'patch update'),
    on('', claims, read),
    events,
    on('', 'services', 'get'),
  ],
  'ephemeral-volume-controller': [
    on('', 'pods', read),
    on('', 'pods/finalizers', 'update'),
    on('', claims, 'create get list watch'),
    events,
  ],
  'resource-claim-controller': [
    on('', 'pods', read),
    on('', 'pods/finalizers', 'update'),
    on(resource, 'resourceclaims', 'create delete get list watch'),
    on(resource, 'resourceclaims resourceclaims/status', 'patch update'),
    on('', 'pods/status', 'patch update'),
    on(resource, 'resourceclaimtemplates', read),
    events,
  ],
  'device-taint-eviction-controller': [
    on('', 'pods', 'delete get list watch'),
    on('', 'pods/status', 'patch update'),
    on(resource, 'resourceclaims', read),
    on(resource, 'resourceslices', read),
    on(resource, 'deviceclasses', read),
    on(resource, 'devicetaintrules', read),
    events,
  ],
  'generic-garbage-collector': [on('*', '*', 'delete get list patch update watch'), events],
  'horizontal-pod-autoscaler': [
    on('autoscaling', 'horizontalpodautoscalers', read),
    on('autoscaling', 'horizontalpodautoscalers/status', 'update'),
    on('*', '*/scale', 'get update'),
    on('', 'pods', 'list watch'),
    on('metrics.k8s.io', 'pods', 'list watch'),
    on('custom.metrics.k8s.io', '*', read),
    on('external.metrics.k8s.io', '*', read),
    events,
  ],
  'job-controller': [
    on('batch', 'jobs', 'get list patch update watch'),
    on('batch', 'jobs/status', 'update'),
    on('batch', 'jobs/finalizers', 'update'),
    on('', 'pods', 'create delete list patch watch'),
    events,
  ],
  'namespace-controller': [
    on('', 'namespaces', 'delete get list watch'),
    on('', 'namespaces/finalize namespaces/status', 'update'),
    on('*', '*', 'delete deletecollection get list watch'),
  ],
  'node-controller': [
    on('', 'nodes', 'delete get list patch update watch'),
    on('', 'nodes/status', 'patch update'),
    on('', 'pods/status', 'patch update'),
    on('', 'pods', 'delete get list watch'),
    on(networking, 'clustercidrs', 'create get list update watch'),
    events,
  ],
  'persistent-volume-binder': [
    on('', volumes, 'create delete get list update watch'),
    on('', `${volumes}/status`, 'update'),
    on('', claims, 'get list update watch'),
    on('', `${claims}/status`, 'update'),
    on('', 'pods', 'create delete get list watch'),
    on(storage, 'storageclasses', read),
    on('', 'nodes', 'list watch'),
    events,
    on('', 'events', 'watch'),
    on('', 'services', 'get'),
  ],
  'pod-garbage-collector': [on('', 'pods', 'delete list watch'), on('', 'nodes', read), on('', 'pods/status', 'patch')],
  'replicaset-controller': [
    on('apps extensions', 'replicasets', 'get list update watch'),
    on('apps extensions', 'replicasets/status', 'update'),
    on('apps extensions', 'replicasets/finalizers', 'update'),
    on('', 'pods', 'create delete list patch watch'),
    events,
  ],
  'replication-controller': [
    on('', 'replicationcontrollers', 'get list update watch'),
    on('', 'replicationcontrollers/status', 'update'),
    on('', 'replicationcontrollers/finalizers', 'update'),
    on('', 'pods', 'create delete list patch watch'),
    events,
  ],
  'resourcequota-controller': [on('*', '*', 'list watch'), on('', 'resourcequotas/status', 'update'), events],
  'route-controller': [on('', 'nodes', 'list watch'), on('', 'nodes/status', 'patch'), events],
  'service-account-controller': [on('', 'serviceaccounts', 'create'), events],
  'service-controller': [
    on('', 'services', read),
    on('', 'services/status', 'patch update'),
    on('', 'nodes', 'list watch'),
    events,
  ],
  'service-cidrs-controller': [
    on(networking, 'servicecidrs', 'get list patch update watch'),
    on(networking, 'servicecidrs/finalizers', 'patch update'),
    on(networking, 'servicecidrs/status', 'patch update'),
    on(networking, 'ipaddresses', read),
    events,
  ],
  'statefulset-controller': [
    on('', 'pods', 'list watch'),
    on('apps', 'statefulsets', read),
    on('apps', 'statefulsets/status', 'update'),
    on('apps', 'statefulsets/finalizers', 'update'),
    on('', 'pods', 'create delete get patch update'),
    on('apps', 'controllerrevisions', 'create delete get list patch update watch'),
    on('', claims, 'create get list watch'),
    on('', claims, 'delete update'),
    on('', 'pods/finalizers', 'update'),
    events,
  ],
  'ttl-controller': [on('', 'nodes', 'list patch update watch'), events],
  'certificate-controller': [
    on(certificates, 'certificatesigningrequests', 'delete get list watch'),
    on(certificates, 'certificatesigningrequests/approval certificatesigningrequests/status', 'update'),
    // Serving certificates are approved besides what upstream approves: a node's for its own addresses.
    on(certificates, 'signers', 'approve', 'kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving'),
    on(
      certificates,
      'signers',
      'sign',
      'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown',
    ),
    on('authorization.k8s.io', 'subjectaccessreviews', 'create'),
    events,
  ],
  'pvc-protection-controller': [on('', claims, 'get list update watch'), on('', 'pods', read), events],
  'pv-protection-controller': [on('', volumes, 'get list update watch'), events],
  'volumeattributesclass-protection-controller': [
    on('', claims, read),
    on('', volumes, read),
    on(storage, 'volumeattributesclasses', 'get list update watch'),
    events,
  ],
  'ttl-after-finished-controller': [on('batch', 'jobs', 'delete get list watch'), events],
  'root-ca-cert-publisher': [on('', 'configmaps', 'create update'), events],
  'validatingadmissionpolicy-status-controller': [
    on(admission, 'validatingadmissionpolicies', read),
    on(admission, 'validatingadmissionpolicies/status', 'get patch update'),
    events,
  ],
  'legacy-service-account-token-cleaner': [
    on('', 'configmaps', 'get', 'kube-apiserver-legacy-service-account-token-tracking'),
    on('', 'secrets', 'delete patch'),
  ],
  'selinux-warning-controller': [
    events,
    on('', volumes, read),
    on('', claims, read),
    on('', 'pods', read),
    on(storage, 'csidrivers', read),
  ],
}

/** Upstream's controllers write whole objects; ours write what they changed, which takes the right to patch instead. */
function mayPatch(rule: PolicyRule): PolicyRule {
  const { verbs } = rule
  return verbs.includes('update') && !verbs.includes('patch') ? { ...rule, verbs: [...verbs, 'patch'] } : rule
}

/** A role for each controller, and its binding to the controller's service account. */
export const rolesForControllers: readonly RbacObject[] = Object.entries(controllers).flatMap(([name, rules]) => [
  clusterRole(`system:controller:${name}`, rules.map(mayPatch)),
  clusterBinding(`system:controller:${name}`, [`ServiceAccount kube-system/${name}`]),
])
