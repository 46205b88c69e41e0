/** The addons of a cluster: names, Services, and the pod network unless somebody else makes one. */
import { daemonSets } from '../../api/apps/v1/daemon-set.ts'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { clusterRoles } from '../../api/rbac/v1/cluster-role.ts'
import { addressAt, parseCidr } from '../../base/cidr.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { defaultKubeProxyConfiguration } from '../../proxy/configuration.ts'
import type { ClusterConfiguration } from '../config/types.ts'
import { declare, ensure, ensureAll } from '../ensure.ts'
import { componentImage } from '../manifests/control-plane.ts'
import { applyPatches } from '../manifests/patches.ts'
import type { ControlPlaneContext, NodeContext } from '../node-context.ts'
import { dnsDeployment, dnsObjects } from '../objects/dns.ts'
import { kubeProxyDaemonSet, kubeProxyObjects } from '../objects/kube-proxy.ts'
import { clusterBinding, nodesToBe, readable } from '../objects/rbac.ts'
import type { Phase } from './phase.ts'

const namespace = 'kube-system'
/** Where each node's balancer for the API listens; a node has one, so pods of its network need no other address. */
export const balancerServer = 'https://127.0.0.1:7445'

export interface Addons extends ControlPlaneContext {
  /** KubeProxyConfiguration of the user, as far as one was given. */
  readonly kubeProxy?: object
}

/** The Service address of the cluster DNS: the tenth of the first range. */
export function dnsAddressOf({ networking }: Pick<ClusterConfiguration, 'networking'>): string {
  return addressAt(parseCidr(networking.serviceSubnet.split(',')[0]!.trim())!, 10)
}

/** CoreDNS's place is taken by our own; an administrator's number of replicas stays. */
export async function ensureDns(context: NodeContext): Promise<void> {
  const client = await context.admin()
  const cluster = await context.cluster()
  const of = { domain: cluster.networking.dnsDomain, address: dnsAddressOf(cluster), image: componentImage(cluster) }
  const objects = dnsObjects(of).filter(([resource]) => resource !== deployments)
  await ensureAll(client, objects)
  const had = await client.get(deployments, { namespace, name: 'coredns' }).catch(error => {
    if (isNotFound(error)) return undefined
    throw error
  })
  const deployment = await applyPatches(context.host, context.patches, 'corednsdeployment', dnsDeployment(of))
  const { spec, ...rest } = deployment as { spec: object }
  await ensure(client, deployments, {
    ...rest,
    spec: { ...spec, ...(had && { replicas: had.spec.replicas }) },
  } as never)
}

/** kube-proxy on every node. */
export async function ensureKubeProxy(context: Addons): Promise<void> {
  const cluster = await context.cluster()
  const client = await context.admin()
  const configuration = {
    ...defaultKubeProxyConfiguration(),
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    clusterCIDR: cluster.networking.podSubnet,
    ...context.kubeProxy,
  }
  const image = componentImage(cluster)
  await ensureAll(client, kubeProxyObjects({ image, configuration, server: balancerServer, serverName: 'kubernetes' }))
  const daemonSet = await applyPatches(
    context.host,
    context.patches,
    'kubeproxydaemonset',
    kubeProxyDaemonSet({ image }),
  )
  await ensure(client, daemonSets, daemonSet)
}

/** What each node's agent follows; without it the network is somebody else's. */
export const networkConfigMap = { namespace, name: 'kobune-network' } as const

/** flannel's own form: who knows it can change it, and every node's agent follows it. */
async function ensureNetwork(context: NodeContext): Promise<void> {
  const { networking } = await context.cluster()
  const { name } = networkConfigMap
  const networks = networking.podSubnet.split(',').map(cidr => cidr.trim())
  const ipv4 = networks.find(cidr => parseCidr(cidr)?.family === 4)
  if (!ipv4) {
    context.say('[addon] The built-in pod network is IPv4 only: apply another one for this podSubnet')
    return
  }
  if (networks.length > 1) {
    context.say('[addon] The built-in pod network connects machines by IPv4 only; pods have IPv6 on their own machine')
  }
  const network = { Network: ipv4, Backend: { Type: 'vxlan' } }
  const client = await context.admin()
  await ensureAll(client, [
    ...readable('kobune:network', { namespace, resource: 'configmaps', name }, ...nodesToBe),
    // Each node's agent must know where the others are; what a node may change stays its own Node.
    declare(clusterRoles, {
      metadata: { name: 'kobune:network' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
    }),
    clusterBinding('kobune:network', 'kobune:network', nodesToBe[1]),
  ])
  const had = await client.get(configMaps, { namespace, name }).catch(error => {
    if (isNotFound(error)) return undefined
    throw error
  })
  // What an administrator changed stays.
  if (!had)
    await ensure(
      client,
      configMaps,
      declare(configMaps, {
        metadata: { name, namespace },
        data: { 'net-conf.json': JSON.stringify(network) },
      })[1] as never,
    )
}

export const addonPhase: Phase<Addons> = {
  name: 'addon',
  does: 'Apply the addons',
  phases: [
    {
      name: 'network',
      does: 'Apply the pod network',
      when: async context => (await context.cluster()).networking.podSubnet !== '',
      run: ensureNetwork,
    },
    {
      name: 'coredns',
      does: 'Apply the cluster DNS',
      when: async context => !(await context.cluster()).dns.disabled,
      run: ensureDns,
    },
    {
      name: 'kube-proxy',
      does: 'Apply kube-proxy',
      when: async context => !(await context.cluster()).proxy.disabled,
      run: ensureKubeProxy,
    },
  ],
}
