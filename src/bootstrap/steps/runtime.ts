import { criClient } from '../../kubelet/cri/cri.ts'
import { keptConfigFile, startContainerd } from '../../kubelet/runtime/containerd.ts'
import { ensurePause } from '../../kubelet/runtime/oci/import.ts'
import { ensureOwnImage } from '../../kubelet/runtime/oci/own-image.ts'
import { paths } from '../paths.ts'
import { containerdKeeper } from '../services.ts'
import type { Up } from '../up.ts'

/** Starts our own containerd, or adopts the one that runs. */
export async function containerd(up: Up): Promise<void> {
  up.containerd = await startContainerd(up.host, {
    root: paths.containerdRoot,
    state: paths.containerdState,
    socket: paths.containerdSocket,
    cniConfDir: paths.cniConf,
    configFile: keptConfigFile,
    logFile: paths.containerdLog,
    keeper: containerdKeeper(up.host, { boots: up.systemd }),
  })
}

/** Makes sure that the images every cluster needs are there: pause, and Kobune's own for the DNS pods. */
export async function images({ host }: Up, note: (text: string) => void): Promise<void> {
  const cri = criClient({ socket: paths.containerdSocket })
  try {
    await ensurePause(host, cri, paths.images)
    await ensureOwnImage(host, cri, paths.images, () => note('packing our own image, once for each version'))
  } finally {
    cri.close()
  }
}
