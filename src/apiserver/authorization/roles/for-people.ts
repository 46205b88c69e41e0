import { aggregate, clusterRole, on, onPaths, type RbacObject, read, readWrite, write } from './rule.ts'

const to = (name: string) => `rbac.authorization.k8s.io/aggregate-to-${name}`

/** Roles that people are given: cluster-admin, and admin, edit and view, which grow with what others label. */
export const rolesForPeople: readonly RbacObject[] = [
  clusterRole('cluster-admin', [on('*', '*', '*'), onPaths('*', '*')]),
  aggregate('admin', [to('admin')]),
  aggregate('edit', [to('edit')], { [to('admin')]: 'true' }),
  aggregate('view', [to('view')], { [to('edit')]: 'true' }),
  clusterRole(
    'system:aggregate-to-admin',
    [
      on('authorization.k8s.io', 'localsubjectaccessreviews', 'create'),
      on('rbac.authorization.k8s.io', 'roles rolebindings', readWrite),
    ],
    { [to('admin')]: 'true' },
  ),
  clusterRole(
    'system:aggregate-to-edit',
    [
      on('', 'pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy', read),
      on('', 'serviceaccounts', 'impersonate'),
      on('', 'pods pods/attach pods/proxy pods/exec pods/portforward', write),
      on('', 'pods/eviction', 'create'),
      on(
        '',
        'replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims configmaps secrets events',
        write,
      ),
      on('', 'serviceaccounts/token', 'create'),
      on(
        'apps',
        'statefulsets statefulsets/scale daemonsets deployments deployments/scale deployments/rollback replicasets replicasets/scale',
        write,
      ),
      on('autoscaling', 'horizontalpodautoscalers', write),
      on('batch', 'jobs cronjobs', write),
      on(
        'extensions',
        'daemonsets deployments deployments/scale deployments/rollback ingresses replicasets replicasets/scale replicationcontrollers/scale networkpolicies',
        write,
      ),
      on('policy', 'poddisruptionbudgets', write),
      on('networking.k8s.io', 'networkpolicies ingresses', write),
      on('coordination.k8s.io', 'leases', readWrite),
      on('resource.k8s.io', 'resourceclaims resourceclaimtemplates', write),
    ],
    { [to('edit')]: 'true' },
  ),
  clusterRole(
    'system:aggregate-to-view',
    [
      on(
        '',
        'pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps',
        read,
      ),
      on(
        '',
        'limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status replicationcontrollers/status pods/log',
        read,
      ),
      on('', 'namespaces', read),
      on('discovery.k8s.io', 'endpointslices', read),
      on(
        'apps',
        'controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets daemonsets/status deployments deployments/status deployments/scale replicasets replicasets/status replicasets/scale',
        read,
      ),
      on('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', read),
      on('batch', 'jobs cronjobs cronjobs/status jobs/status', read),
      on(
        'extensions',
        'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status replicasets replicasets/scale replicasets/status replicationcontrollers/scale networkpolicies',
        read,
      ),
      on('policy', 'poddisruptionbudgets poddisruptionbudgets/status', read),
      on('networking.k8s.io', 'networkpolicies ingresses ingresses/status', read),
      on('resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates', read),
    ],
    { [to('view')]: 'true' },
  ),
]
