import { deployments } from '../../api/apps/v1/deployment.ts'
import { services } from '../../api/core/v1/service.ts'
import { serviceAccounts } from '../../api/core/v1/service-account.ts'
import { clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import { clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import { ownImage } from '../../kubelet/runtime/oci/own-image.ts'
import type { AnyResource, WriteOfResource } from '../../schema/resource.ts'

const namespace = 'kube-system'
/** The name that kubeadm gives its DNS, and that tools look for. */
const name = 'coredns'
const labels = { 'k8s-app': 'kube-dns' }

/** The cluster DNS: two pods, apart from one another where there are two nodes, behind the Service kube-dns. */
export function dnsObjects(of: {
  readonly domain: string
  readonly address: string
}): readonly (readonly [AnyResource, WriteOfResource<AnyResource>])[] {
  return [
    [serviceAccounts, { metadata: { name, namespace } }],
    [clusterRoles, role],
    [clusterRoleBindings, binding],
    [services, service(of.address)],
    [deployments, deployment(of.domain)],
  ]
}

const role: WriteOfResource<typeof clusterRoles> = {
  metadata: { name: 'system:coredns', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  rules: [
    { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ],
}

const binding: WriteOfResource<typeof clusterRoleBindings> = {
  metadata: { name: 'system:coredns', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
  subjects: [{ kind: 'ServiceAccount', name, namespace }],
}

const service = (address: string): WriteOfResource<typeof services> => ({
  metadata: {
    name: 'kube-dns',
    namespace,
    labels: { ...labels, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
  },
  spec: {
    selector: labels,
    clusterIP: address,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 'dns-tcp' },
    ],
  },
})

const probe = (path: string) => ({ httpGet: { path, port: 'health', scheme: 'HTTP' } })

const deployment = (domain: string): WriteOfResource<typeof deployments> => ({
  metadata: { name, namespace, labels },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        priorityClassName: 'system-cluster-critical',
        // The pods ask the machine's own resolvers, and must not ask themselves.
        dnsPolicy: 'Default',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
        ],
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' },
              },
            ],
          },
        },
        containers: [
          {
            name: 'dns',
            image: ownImage,
            imagePullPolicy: 'IfNotPresent',
            args: ['dns', '--domain', domain],
            ports: [
              { name: 'dns', containerPort: 53, protocol: 'UDP' },
              { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
              { name: 'health', containerPort: 8080, protocol: 'TCP' },
            ],
            resources: { requests: { cpu: '50m', memory: '70Mi' }, limits: { memory: '170Mi' } },
            livenessProbe: { ...probe('/health'), initialDelaySeconds: 30, failureThreshold: 5 },
            readinessProbe: { ...probe('/ready'), periodSeconds: 1 },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
              readOnlyRootFilesystem: true,
            },
          },
        ],
      },
    },
  },
})
