/** What later machines and commands read from the cluster: its configuration, and that of its kubelets. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { kubeletConfigMap, ownKubeletConfigMap, readByKubeadm } from '../config/for-kubeadm.ts'
import { declare, ensureAll } from '../ensure.ts'
import type { NodeContext } from '../node-context.ts'
import { nodesToBe, readable } from '../objects/rbac.ts'
import { storedVersion, textToStore } from '../stored-cluster.ts'
import type { KubeletStart } from './kubelet-start.ts'
import type { Phase } from './phase.ts'

const namespace = 'kube-system'
/** Tells content that we made from content that an administrator edited. */
export const componentConfigHash = 'kubeadm.kubernetes.io/component-config.hash'

/** The mark of content made here. */
export function hashOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** Whose kubeadm is to understand what is stored. */
export interface UploadConfig extends KubeletStart {
  /** A version such as 1.20; default: as it is stored already, else ours. */
  readonly forKubeadm?: string
}

/** Stores ClusterConfiguration: nothing of one machine, no token, no key. */
export async function uploadClusterConfiguration(context: NodeContext & { forKubeadm?: string }): Promise<void> {
  const name = 'kubeadm-config'
  const { forKubeadm } = context
  const client = await context.admin()
  const version = forKubeadm === undefined ? await storedVersion(client) : readByKubeadm(forKubeadm).config
  await ensureAll(client, [
    declare(configMaps, {
      metadata: { name, namespace },
      data: { ClusterConfiguration: textToStore(await context.cluster(), version) },
    }),
    ...readable('kubeadm:nodes-kubeadm-config', { namespace, resource: 'configmaps', name }, ...nodesToBe),
  ])
}

/** Stores KubeletConfiguration; for an old kubeadm, under the name that it looks for as well. */
export async function uploadKubeletConfiguration(context: UploadConfig): Promise<void> {
  const kubelet = stringify(await context.kubeletConfiguration())
  const annotations = context.kubelet ? undefined : { [componentConfigHash]: hashOf(kubelet) }
  const { forKubeadm } = context
  const own = forKubeadm !== undefined && readByKubeadm(forKubeadm).ownKubeletConfig
  const { kubernetesVersion } = await context.cluster()
  const names = [kubeletConfigMap, ...(own ? [ownKubeletConfigMap(kubernetesVersion)] : [])]
  await ensureAll(
    await context.admin(),
    names.flatMap(name => [
      declare(configMaps, {
        metadata: { name, namespace, ...(annotations && { annotations }) },
        data: { kubelet },
      }),
      ...readable(`kubeadm:${name}`, { namespace, resource: 'configmaps', name }, ...nodesToBe),
    ]),
  )
}

export const uploadConfigPhase: Phase<UploadConfig> = {
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
