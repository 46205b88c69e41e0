/** KubeletConfiguration of the cluster and of this machine through an upgrade. */
import { parse, stringify } from 'yaml'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { applyPatches } from '../manifests/patches.ts'
import { paths } from '../paths.ts'
import { componentConfigHash, hashOf, uploadKubeletConfiguration } from '../phases/upload-config.ts'
import type { Upgrade } from './context.ts'

const key = { namespace: 'kube-system', name: 'kubelet-config' } as const

/** What an administrator edited, or gave to `init`, stays; what we made becomes what this version makes. */
export async function upgradeKubeletConfiguration(context: Upgrade): Promise<void> {
  const { data, metadata } = await (await context.admin()).get(configMaps, key)
  const text = data?.kubelet
  const made = metadata.annotations?.[componentConfigHash]
  if (text !== undefined && made !== hashOf(text)) {
    context.say('[upgrade/config] ConfigMap kube-system/kubelet-config is not as it was made here, and stays as it is')
    return
  }
  await uploadKubeletConfiguration(context)
}

/** Gives this machine's kubelet what the cluster has for kubelets; the old file is kept. */
export async function applyKubeletConfiguration(context: Upgrade): Promise<void> {
  const { host, patches, say } = context
  const { data } = await (await context.admin()).get(configMaps, key)
  if (data?.kubelet === undefined) throw new Error('ConfigMap kube-system/kubelet-config has no key kubelet')
  const text = stringify(await applyPatches(host, patches, 'kubeletconfiguration', parse(data.kubelet) as object))
  const before = await host.files.readIfThere(paths.kubeletConfig)
  if (before === text) return
  if (before !== undefined) {
    const kept = `${paths.kubernetesTmp}/kubeadm-kubelet-config/config.yaml`
    await host.files.makeDirectory(paths.kubernetesTmp, { mode: 0o700 })
    await host.files.write(kept, before, { mode: 0o600 })
    say(`[upgrade] Backing up kubelet config file to ${kept}`)
  }
  await host.files.write(paths.kubeletConfig, text, { mode: 0o600 })
  say(`[kubelet-start] Writing kubelet configuration to file ${JSON.stringify(paths.kubeletConfig)}`)
}
