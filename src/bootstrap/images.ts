/** The images of a control plane, and how each one gets into the runtime. */
import type { Host } from '../host/host.ts'
import { criClient } from '../kubelet/cri/cri.ts'
import { ensureEtcdImage } from '../kubelet/runtime/oci/etcd-image.ts'
import { ensurePause } from '../kubelet/runtime/oci/import.ts'
import { ensureOwnImage, ownImage } from '../kubelet/runtime/oci/own-image.ts'
import { pauseImage } from '../kubelet/runtime/oci/pause.ts'
import type { ClusterConfiguration } from './config/types.ts'
import { componentImage } from './manifests/control-plane.ts'
import { paths } from './paths.ts'
import { etcdImage } from './phases/manifests.ts'

/** Names of what a machine of the control plane runs; etcd's is that of the etcd installed here unless one is given. */
export async function controlPlaneImages(host: Host, cluster: ClusterConfiguration): Promise<readonly string[]> {
  const etcd = cluster.etcd.local ? [await etcdImage({ host }, cluster)] : []
  return [componentImage(cluster), pauseImage, ...etcd]
}

/** Packs the images of ours on this machine, and pulls those that were chosen elsewhere. `pulled` is told of each. */
export async function pullControlPlaneImages(
  host: Host,
  cluster: ClusterConfiguration,
  { criSocket, pulled }: { readonly criSocket: string; readonly pulled: (name: string) => void },
): Promise<void> {
  const cri = criClient({ socket: criSocket.replace(/^unix:\/\//, '') })
  try {
    const [component, pause, etcd] = await controlPlaneImages(host, cluster)
    if (component === ownImage) await ensureOwnImage(host, cri, paths.images)
    else if (!(await cri.imageStatus(component!))) await cri.pullImage({ image: component! })
    pulled(component!)
    await ensurePause(host, cri, paths.images, pause)
    pulled(pause!)
    if (!etcd) return
    await ensureEtcdImage(host, cri, paths.images, etcd)
    pulled(etcd)
  } finally {
    cri.close()
  }
}
