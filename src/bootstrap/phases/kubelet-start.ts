/** The phase that gives the node's agent its files and starts it. */
import { dirname } from 'node:path'
import { stringify } from 'yaml'
import type { ClusterConfiguration } from '../config/types.ts'
import { commandLine } from '../manifests/arguments.ts'
import { applyPatches } from '../manifests/patches.ts'
import type { NodeContext } from '../node-context.ts'
import { paths } from '../paths.ts'
import { startKubelet, stopKubelet } from '../services.ts'
import type { Phase } from './phase.ts'

export const controlPlaneTaint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' } as const

/** A context whose cluster has a configuration for kubelets. */
export interface KubeletStart extends NodeContext {
  /** KubeletConfiguration, as ConfigMap kubelet-config has it. */
  kubeletConfiguration(): Promise<object>
  /** What the user's own file says of it: upgrades leave theirs alone. */
  readonly kubelet?: object
}

/** Arguments that are this node's own: its name where it is not the host's, its address, its first taints. */
export function kubeletArguments(context: NodeContext): readonly string[] {
  const { node, endpoint, host } = context
  const taints = node.taints ?? (endpoint ? [controlPlaneTaint] : [])
  const base = {
    ...(node.name !== host.addresses.hostname().toLowerCase() && { 'hostname-override': node.name }),
    ...(endpoint && { 'node-ip': endpoint.advertiseAddress }),
    ...(taints.length && {
      'register-with-taints': taints
        .map(
          ({ key, effect, ...taint }) => `${key}${'value' in taint && taint.value ? `=${taint.value}` : ''}:${effect}`,
        )
        .join(','),
    }),
  }
  return commandLine(base, node.kubeletExtraArgs)
}

/** Writes config.yaml, instance-config.yaml and kubeadm-flags.env. */
export async function writeKubeletFiles(context: NodeContext, configuration: object): Promise<void> {
  const { host, node, patches } = context
  const own = { containerRuntimeEndpoint: node.criSocket }
  const patched = await applyPatches(host, patches, 'kubeletconfiguration', configuration)
  const instance = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...own }
  await host.files.makeDirectory(paths.kubelet, { mode: 0o750 })
  await host.files.write(paths.kubeletConfig, stringify(patched), { mode: 0o600 })
  await host.files.write(paths.kubeletInstanceConfig, stringify(instance), { mode: 0o600 })
  await host.files.write(paths.kubeletFlags, `KUBELET_KUBEADM_ARGS="${kubeletArguments(context).join(' ')}"\n`)
}

export const kubeletStartPhase: Phase<KubeletStart> = {
  name: 'kubelet-start',
  does: 'Start the kubelet',
  async run(context, note) {
    const { host, dryRun } = context
    const configuration = await context.kubeletConfiguration()
    // Only a kubelet whose files change has to begin anew.
    const before = await Promise.all(kubeletFiles.map(file => host.files.readIfThere(file)))
    await writeKubeletFiles(context, configuration)
    await host.files.makeDirectory(dirname(`${paths.manifests}/x`))
    if (dryRun) return
    const after = await Promise.all(kubeletFiles.map(file => host.files.readIfThere(file)))
    if (before.some((text, i) => text !== after[i])) await stopKubelet(context)
    await startKubelet(context, note)
  },
}

const kubeletFiles = [paths.kubeletConfig, paths.kubeletInstanceConfig, paths.kubeletFlags] as const

/** The authority's file that a cluster's kubelets trust. */
export function clientCaFile({ certificatesDir }: Pick<ClusterConfiguration, 'certificatesDir'>): string {
  return `${certificatesDir}/ca.crt`
}
