import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { ownStamp } from '../kubelet/runtime/oci/own-image.ts'
import { kubeletCommand } from './services.ts'

const program = ['/opt/node', '--expose-gc', '/opt/kobune/src/cli/main.ts']
const unpacked = '/var/lib/kobune/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/node'

test('the agent is this program as it is in the image, run by the Node of containers', async () => {
  const app = `/var/lib/kobune/images/app-${(await ownStamp(recordingHost())).slice(0, 16)}/main.js`
  const files = { [unpacked]: '', [app]: '' }
  const command = await kubeletCommand({ host: recordingHost({ files }), program })
  const words = ['/var/lib/kobune/images/node', '--max-semi-space-size=1', '--expose-gc', app, 'kubelet']
  assert.deepEqual(command.slice(0, 5), words)
})

test('where only another version was packed, the agent is this program as it runs', async () => {
  const files = { '/var/lib/kobune/images/app-0123456789abcdef/main.js': '' }
  const command = await kubeletCommand({ host: recordingHost({ files }), program })
  const words = ['/opt/node', '--max-semi-space-size=1', '--expose-gc', '/opt/kobune/src/cli/main.ts', 'kubelet']
  assert.deepEqual(command.slice(0, 5), words)
})
