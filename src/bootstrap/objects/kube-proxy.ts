/** kube-proxy as kubeadm deploys it: one pod on every node, whatever taints it has. */
import { stringify } from 'yaml'
import type { daemonSets } from '../../api/apps/v1/daemon-set.ts'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { serviceAccounts } from '../../api/core/v1/service-account.ts'
import { clusterRoleBindings } from '../../api/rbac/v1/cluster-role-binding.ts'
import type { WriteOfResource } from '../../schema/resource.ts'
import { type Declared, declare } from '../ensure.ts'
import { nodesToBe, readable } from './rbac.ts'

const namespace = 'kube-system'
const name = 'kube-proxy'
const labels = { 'k8s-app': name }
const account = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface KubeProxyOptions {
  readonly image: string
  /** KubeProxyConfiguration. */
  readonly configuration: object
  /** https://host:port */
  readonly server: string
  /** The name to expect in the server's certificate, where that is not the host. */
  readonly serverName?: string
}

/** Objects of the addon, but for the DaemonSet, which patches may change. */
export function kubeProxyObjects({ configuration, server, serverName }: KubeProxyOptions): readonly Declared[] {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default',
        cluster: {
          'certificate-authority': `${account}/ca.crt`,
          server,
          ...(serverName && { 'tls-server-name': serverName }),
        },
      },
    ],
    contexts: [{ name: 'default', context: { cluster: 'default', namespace: 'default', user: 'default' } }],
    'current-context': 'default',
    users: [{ name: 'default', user: { tokenFile: `${account}/token` } }],
  }
  return [
    declare(serviceAccounts, { metadata: { name, namespace } }),
    proxier,
    declare(configMaps, {
      metadata: { name, namespace, labels: { app: name } },
      data: { 'config.conf': stringify(configuration), 'kubeconfig.conf': stringify(kubeconfig) },
    }),
    ...readable(name, { namespace, resource: 'configmaps', name }, nodesToBe[0]),
  ]
}

const proxier = declare(clusterRoleBindings, {
  metadata: { name: 'kubeadm:node-proxier' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-proxier' },
  subjects: [{ kind: 'ServiceAccount', name, namespace }],
})

/** The DaemonSet. */
export function kubeProxyDaemonSet({ image }: Pick<KubeProxyOptions, 'image'>): WriteOfResource<typeof daemonSets> {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          priorityClassName: 'system-node-critical',
          hostNetwork: true,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name,
              image,
              imagePullPolicy: 'IfNotPresent',
              command: [
                '/kobune',
                name,
                '--config=/var/lib/kube-proxy/config.conf',
                '--hostname-override=$(NODE_NAME)',
              ],
              env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } }],
              securityContext: { privileged: true },
              volumeMounts: [
                { name, mountPath: '/var/lib/kube-proxy' },
                { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
              ],
            },
          ],
          volumes: [
            { name, configMap: { name } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
          ],
        },
      },
    },
  } as WriteOfResource<typeof daemonSets>
}
