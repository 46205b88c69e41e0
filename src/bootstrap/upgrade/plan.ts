/** What an upgrade to this program's version would change, component by component. */
import { daemonSets } from '../../api/apps/v1/daemon-set.ts'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { pods } from '../../api/core/v1/pod.ts'
import type { Client } from '../../client/client.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { componentImage } from '../manifests/control-plane.ts'
import { etcdImage } from '../phases/manifests.ts'
import type { ControlPlaneUpgrade } from './context.ts'
import { kubeletVersions } from './preflight.ts'
import { processesHere } from './processes.ts'
import { compareVersions, minorsAhead, parseVersion, versionOf } from './version.ts'

export interface ComponentPlan {
  readonly name: string
  readonly currentVersion: string
  readonly newVersion: string
  readonly nodeName?: string
}

export interface ConfigVersion {
  readonly group: string
  readonly currentVersion: string
  readonly preferredVersion: string
  readonly manualUpgradeRequired: boolean
}

/** kubeadm's output.kubeadm.k8s.io/v1alpha3 UpgradePlan. */
export interface UpgradePlan {
  readonly kind: 'UpgradePlan'
  readonly apiVersion: 'output.kubeadm.k8s.io/v1alpha3'
  readonly availableUpgrades: readonly { readonly description: string; readonly components: readonly ComponentPlan[] }[]
  readonly configVersions: readonly ConfigVersion[]
}

const namespace = 'kube-system'
const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const

export async function upgradePlan(context: ControlPlaneUpgrade): Promise<UpgradePlan> {
  const client = await context.admin()
  const stored = await context.stored()
  const { target } = context
  const known = [target, stored.kubernetesVersion]
  const { items } = await client.list(pods, { namespace, labelSelector: 'tier=control-plane' })
  const running = items.flatMap(({ metadata, spec }) => {
    const component = metadata.labels?.component
    const image = spec.containers[0]?.image
    return component && image && spec.nodeName ? [{ component, node: spec.nodeName, tag: tagOf(image) }] : []
  })
  const processes = await processesHere(context)
  for (const component of processes ? controlPlane : [])
    running.push({ component, node: context.node.name, tag: tagOf(componentImage(stored)) })
  const of = (component: string) =>
    running.filter(pod => pod.component === component).sort((a, b) => (a.node < b.node ? -1 : 1))
  const ofImage = (name: string, tag: string | undefined): readonly ComponentPlan[] =>
    tag === undefined ? [] : [{ name, currentVersion: versionOfTag(tag, known), newVersion: target }]
  const newEtcd = stored.etcd.local && tagOf(await etcdImage(context, stored))
  const components: readonly ComponentPlan[] = [
    ...[...(await kubeletVersions(context))].map(([nodeName, currentVersion]) => ({
      name: 'kubelet',
      currentVersion,
      newVersion: target,
      nodeName,
    })),
    ...controlPlane.flatMap(name =>
      of(name).map(({ node, tag }) => ({
        name,
        currentVersion: versionOfTag(tag, known),
        newVersion: target,
        nodeName: node,
      })),
    ),
    ...ofImage('kube-proxy', await imageTag(client, 'daemonSet', 'kube-proxy')),
    ...ofImage('CoreDNS', await imageTag(client, 'deployment', 'coredns')),
    ...of('etcd').map(({ node, tag }) => ({
      name: 'etcd',
      currentVersion: tag,
      newVersion: newEtcd ?? tag,
      nodeName: node,
    })),
  ]
  const behind = components.some(({ name, currentVersion, newVersion }) => {
    if (name === 'etcd') return currentVersion !== newVersion
    const current = parseVersion(currentVersion)
    return !current || compareVersions(current, versionOf(newVersion)) < 0
  })
  return {
    kind: 'UpgradePlan',
    apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
    availableUpgrades: behind ? [{ description: describe(stored.kubernetesVersion, target), components }] : [],
    configVersions: [
      configVersion('kubelet.config.k8s.io', 'v1beta1'),
      ...(stored.proxy.disabled ? [] : [configVersion('kubeproxy.config.k8s.io', 'v1alpha1')]),
    ],
  }
}

function describe(current: string, target: string): string {
  if (minorsAhead(versionOf(current), versionOf(target)) !== 0) return 'stable version'
  return `version in the ${target.split('.').slice(0, 2).join('.')} series`
}

/** There is one version of each, which this program and all before it read and write. */
const configVersion = (group: string, version: string): ConfigVersion => ({
  group,
  currentVersion: version,
  preferredVersion: version,
  manualUpgradeRequired: false,
})

const tagOf = (image: string) => /:([^:/]+)$/.exec(image)?.[1] ?? 'latest'

/** Our images are named by the Kobune alone; which Kubernetes that is, the versions that are known here tell. */
function versionOfTag(tag: string, known: readonly string[]): string {
  return known.find(version => version.endsWith(`+kobune-${tag}`)) ?? `kobune-${tag}`
}

async function imageTag(client: Client, kind: 'daemonSet' | 'deployment', name: string): Promise<string | undefined> {
  const key = { namespace, name }
  try {
    const { spec } = await (kind === 'daemonSet' ? client.get(daemonSets, key) : client.get(deployments, key))
    const image = spec.template.spec?.containers[0]?.image
    return image && tagOf(image)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
