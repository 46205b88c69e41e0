import type { PolicyRule } from '../../api/rbac/v1/cluster-role.ts'
import { on, read } from './roles/rule.ts'

/** What every kubelet may do besides what depends on its own pods: rules of the role system:node. */
export const nodeRules: readonly PolicyRule[] = [
  on('authentication.k8s.io', 'tokenreviews', 'create'),
  on('authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews', 'create'),
  on('', 'services', read),
  on('', 'nodes', 'create get list watch'),
  on('', 'nodes/status', 'update patch'),
  on('', 'nodes', 'update patch delete'),
  on('', 'events', 'create update patch'),
  on('', 'pods', read),
  on('', 'pods', 'create delete'),
  on('', 'pods/status', 'update patch'),
  on('', 'pods/eviction', 'create'),
  on('', 'configmaps secrets', read),
  on('', 'persistentvolumeclaims persistentvolumes', 'get'),
  on('', 'endpoints', 'get'),
  on('certificates.k8s.io', 'certificatesigningrequests', `create ${read}`),
  on('coordination.k8s.io', 'leases', 'create delete get patch update'),
  on('storage.k8s.io', 'volumeattachments', 'get'),
  on('', 'serviceaccounts/token', 'create'),
  on('', 'persistentvolumeclaims/status', 'get patch update'),
  on('storage.k8s.io', 'csidrivers', read),
  on('storage.k8s.io', 'csinodes', 'create delete get patch update'),
  on('node.k8s.io', 'runtimeclasses', read),
  on('resource.k8s.io', 'resourceclaims', 'get'),
  on('resource.k8s.io', 'resourceslices', `create delete deletecollection patch update ${read}`),
]
