/** What a node needs before anything of Kubernetes runs: programs, a container runtime, images. */
import { criClient } from '../../kubelet/cri/cri.ts'
import {
  containerdDefaults,
  keptConfigFile,
  ownCgroupDriver,
  startContainerd,
} from '../../kubelet/runtime/containerd.ts'
import { ensurePause } from '../../kubelet/runtime/oci/import.ts'
import { ensureOwnImage } from '../../kubelet/runtime/oci/own-image.ts'
import type { ControlPlaneContext, NodeContext } from '../node-context.ts'
import { paths } from '../paths.ts'
import { containerdKeeper } from '../services.ts'
import { installPackages, missingPackages } from '../steps/packages.ts'
import { packEtcd, socketOf } from './manifests.ts'
import type { Phase } from './phase.ts'

/** Whether the runtime of this machine is the one we start ourselves. */
export function ownRuntime(context: Parameters<typeof socketOf>[0]): boolean {
  return socketOf(context) === containerdDefaults.socket
}

type Starting = Pick<NodeContext, 'host'> & {
  /** What the kubelet is told; without it, cgroups are made as they were. */
  kubeletConfiguration?(): Promise<{ readonly cgroupDriver?: unknown }>
}

/** Starts our own containerd, or adopts the one that runs. Where systemd is, as a unit. */
export async function startRuntime({ host, ...context }: Starting): Promise<void> {
  const boots = await host.systemd.running()
  const driver = context.kubeletConfiguration
    ? (await context.kubeletConfiguration()).cgroupDriver
    : await ownCgroupDriver(host, containerdDefaults.socket)
  await startContainerd(host, {
    configFile: keptConfigFile,
    logFile: paths.containerdLog,
    keeper: containerdKeeper(host, { boots }),
    // A machine without systemd makes them itself, whatever the others of its cluster do.
    systemdCgroup: boots && driver === 'systemd',
  })
}

/** Debian packages of a member of a stacked etcd. */
export async function packagesOf(context: NodeContext): Promise<readonly string[]> {
  const member = context.endpoint && (await context.cluster()).etcd.local
  return member ? ['etcd-server'] : []
}

/** `containers`: the programs, the runtime, the images. */
export const runtimePhase: Phase<NodeContext> = {
  name: 'runtime',
  does: 'Make the container runtime ready',
  phases: [
    {
      name: 'packages',
      does: 'Install Debian packages',
      when: async context => (await missingPackages(context, await packagesOf(context))).length > 0,
      run: async (context, note) => installPackages(context, note, await packagesOf(context)),
    },
    {
      name: 'containerd',
      does: 'Start containerd',
      when: context => !context.dryRun && ownRuntime(context),
      run: startRuntime,
    },
    {
      name: 'images',
      does: 'Pack images',
      when: context => !context.dryRun,
      run: packImages,
    },
  ],
}

/** Makes sure that the runtime has the images of this machine. */
export async function packImages(context: NodeContext, note: (text: string) => void): Promise<void> {
  const { host } = context
  const cri = criClient({ socket: socketOf(context) })
  try {
    await ensurePause(host, cri, paths.images)
    await ensureOwnImage(host, cri, paths.images, () => note('packing our own image, once for each version'))
    if (context.endpoint && (await context.cluster()).etcd.local) await packEtcd(context as ControlPlaneContext)
  } finally {
    cri.close()
  }
}
