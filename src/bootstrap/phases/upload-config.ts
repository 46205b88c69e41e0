/** What later machines and commands read from the cluster: its configuration, and that of its kubelets. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { writeConfiguration } from '../config/write.ts'
import { declare, ensureAll } from '../ensure.ts'
import type { NodeContext } from '../node-context.ts'
import { nodesToBe, readable } from '../objects/rbac.ts'
import type { KubeletStart } from './kubelet-start.ts'
import type { Phase } from './phase.ts'

const namespace = 'kube-system'
/** Tells content that we made from content that an administrator edited. */
export const componentConfigHash = 'kubeadm.kubernetes.io/component-config.hash'

/** The mark of content made here. */
export function hashOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** Stores ClusterConfiguration: nothing of one machine, no token, no key. */
export async function uploadClusterConfiguration(context: NodeContext): Promise<void> {
  const name = 'kubeadm-config'
  await ensureAll(await context.admin(), [
    declare(configMaps, {
      metadata: { name, namespace },
      data: { ClusterConfiguration: writeConfiguration('cluster', await context.cluster()) },
    }),
    ...readable('kubeadm:nodes-kubeadm-config', { namespace, resource: 'configmaps', name }, ...nodesToBe),
  ])
}

/** Stores KubeletConfiguration. */
export async function uploadKubeletConfiguration(context: KubeletStart): Promise<void> {
  const name = 'kubelet-config'
  const kubelet = stringify(await context.kubeletConfiguration())
  const annotations = context.kubelet ? undefined : { [componentConfigHash]: hashOf(kubelet) }
  await ensureAll(await context.admin(), [
    declare(configMaps, {
      metadata: { name, namespace, ...(annotations && { annotations }) },
      data: { kubelet },
    }),
    ...readable('kubeadm:kubelet-config', { namespace, resource: 'configmaps', name }, ...nodesToBe),
  ])
}

export const uploadConfigPhase: Phase<KubeletStart> = {
  name: 'upload-config',
  does: 'Store the configuration in the cluster',
  phases: [
    {
      name: 'kubeadm',
      does: 'Store the configuration of the cluster in ConfigMap kubeadm-config',
      run: uploadClusterConfiguration,
    },
    {
      name: 'kubelet',
      does: 'Store the configuration of kubelets in ConfigMap kubelet-config',
      run: uploadKubeletConfiguration,
    },
  ],
}
