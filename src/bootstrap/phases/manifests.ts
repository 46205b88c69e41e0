/** The phases that write static pods. */

import { criClient } from '../../kubelet/cri/cri.ts'
import { ensureEtcdImage, etcdImageName, installedEtcdVersion } from '../../kubelet/runtime/oci/etcd-image.ts'
import type { ClusterConfiguration } from '../config/types.ts'
import { controlPlanePods } from '../manifests/control-plane.ts'
import { type EtcdPodOptions, etcdPod } from '../manifests/etcd.ts'
import { applyPatches, type PatchTarget } from '../manifests/patches.ts'
import type { StaticPod, StaticPodName } from '../manifests/static-pod.ts'
import type { ControlPlaneContext, NodeContext } from '../node-context.ts'
import { paths } from '../paths.ts'
import type { Phase } from './phase.ts'

/** The file of a static pod. */
export function manifestFile(name: StaticPodName): string {
  return `${paths.manifests}/${name}.yaml`
}

/**
 * The text of a static pod's file, with the user's patches applied. Arguments are indented as in the files of kubeadm:
 * people put theirs beside them with sed.
 */
export async function manifestText(context: NodeContext, name: StaticPodName, pod: StaticPod): Promise<string> {
  const { stringify } = await import('yaml')
  const patched = await applyPatches(context.host, context.patches, name satisfies PatchTarget, pod)
  return stringify(patched, { indentSeq: false, lineWidth: 0 })
}

/** Readable by root only: arguments may hold what others should not see. */
async function write(context: NodeContext, name: StaticPodName, pod: StaticPod): Promise<void> {
  const text = await manifestText(context, name, pod)
  if ((await context.host.files.readIfThere(manifestFile(name))) === text) return
  await context.host.files.write(manifestFile(name), text, { mode: 0o600 })
}

const components = Object.keys(controlPlanePods) as (keyof typeof controlPlanePods)[]

/** API server, controller manager and scheduler. */
export const controlPlanePhase: Phase<ControlPlaneContext> = {
  name: 'control-plane',
  does: 'Write the static pods of the control plane',
  phases: components.map(name => ({
    name: name.replace('kube-', ''),
    does: `Static pod ${name}`,
    run: async context => write(context, name, await componentPod(context, name)),
  })),
}

/** The static pod of a component of this machine. */
export async function componentPod(
  context: ControlPlaneContext,
  name: keyof typeof controlPlanePods,
): Promise<StaticPod> {
  const { endpoint, timeouts, host } = context
  const cluster = await context.cluster()
  const externalCa = !(await host.files.exists(`${cluster.certificatesDir}/ca.key`))
  return controlPlanePods[name]({ cluster, endpoint, timeouts, externalCa })
}

/** The image of etcd that this machine runs: what the configuration says, else the one installed here. */
export async function etcdImage({ host }: Pick<NodeContext, 'host'>, { etcd, imageRepository }: ClusterConfiguration) {
  const { imageTag, imageRepository: own } = etcd.local ?? {}
  return etcdImageName(imageTag ?? (await installedEtcdVersion(host)), own ?? imageRepository)
}

/** Writes the static pod of etcd; `members` when it joins others. */
export async function writeEtcd(context: ControlPlaneContext, members?: EtcdPodOptions['members']): Promise<void> {
  const cluster = await context.cluster()
  const { host, node, endpoint } = context
  const image = await etcdImage(context, cluster)
  await host.files.makeDirectory(cluster.etcd.local!.dataDir, { mode: 0o700 })
  const options = { cluster, nodeName: node.name, endpoint, image, ...(members && { members }) }
  await write(context, 'etcd', etcdPod(options))
}

/** Makes sure that the runtime has etcd's image. */
export async function packEtcd(context: ControlPlaneContext): Promise<void> {
  const cri = criClient({ socket: socketOf(context) })
  try {
    const name = await etcdImage(context, await context.cluster())
    await ensureEtcdImage(context.host, cri, paths.images, name)
  } finally {
    cri.close()
  }
}

/** The path of the container runtime's socket. */
export function socketOf({ node }: { readonly node: Pick<NodeContext['node'], 'criSocket'> }): string {
  return node.criSocket.replace(/^unix:\/\//, '')
}

/** The first member of a new stacked etcd. */
export const etcdPhase: Phase<ControlPlaneContext> = {
  name: 'etcd',
  does: 'Write the static pod of etcd',
  phases: [
    {
      name: 'local',
      does: 'Static pod etcd',
      when: async context => Boolean((await context.cluster()).etcd.local),
      run: context => writeEtcd(context),
    },
  ],
}
