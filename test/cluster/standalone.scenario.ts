/** What standalone.test.ts prepares a machine with: a container runtime, and an image with a shell. */
import { linuxHost } from '../../src/host/host.ts'
import { criClient } from '../../src/kubelet/cri/cri.ts'
import { startContainerd } from '../../src/kubelet/runtime/containerd.ts'
import { ensurePause, importImage } from '../../src/kubelet/runtime/oci/import.ts'
import { packImage } from '../../src/kubelet/runtime/oci/pack.ts'

const { socket } = await startContainerd(linuxHost)
const cri = criClient({ socket })
await ensurePause(linuxHost, cri, '/var/tmp')
const file = (await linuxHost.processes.find('busybox'))!
const out = '/var/tmp/busybox.tar'
await packImage({
  name: 'example.com/busybox:1',
  out,
  entries: [
    { type: 'directory', path: 'bin' },
    { type: 'file', path: 'bin/busybox', mode: 0o755, content: { file } },
    ...['sh', 'sleep', 'cat'].map(name => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' }) as const),
  ],
  config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
})
await importImage(linuxHost, socket, out)
cri.close()
