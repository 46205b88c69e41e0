import { deployments } from '../../api/apps/v1/deployment.ts'
import { services } from '../../api/core/v1/service.ts'
import { serviceAccounts } from '../../api/core/v1/service-account.ts'
import { clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import { clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import { ownImage } from '../../kubelet/runtime/oci/own-image.ts'
import type { WriteOfResource } from '../../schema/resource.ts'
import { type Declared, declare } from '../ensure.ts'

const namespace = 'kube-system'
/** The name that kubeadm gives its DNS, and that tools look for. */
const name = 'coredns'
const labels = { 'k8s-app': 'kube-dns' }

/** The cluster DNS: two pods, apart from one another where there are two nodes, behind the Service kube-dns. */
export function dnsObjects(of: { readonly domain: string; readonly address: string }): readonly Declared[] {
  return [
    declare(serviceAccounts, { metadata: { name, namespace } }),
    declare(clusterRoles, role),
    declare(clusterRoleBindings, binding),
    declare(services, service(of.address)),
    declare(deployments, dnsDeployment(of)),
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

/** The pods of the DNS. */
export const dnsDeployment = ({
  domain,
  image = ownImage,
}: {
  readonly domain: string
  readonly image?: string
}): WriteOfResource<typeof deployments> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
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
            image,
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
