/** What `reset` does to the network of a machine. */
import { linuxHost } from '../../../src/host/host.ts'
import { removeCni } from '../../../src/kubelet/runtime/cni.ts'
import { removeOverlay } from '../../../src/network/overlay.ts'

await removeOverlay(linuxHost)
await removeCni(linuxHost)
