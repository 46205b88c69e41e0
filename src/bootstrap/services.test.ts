import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../host/recording-host.ts'
import { kubeletCommand } from './services.ts'

const program = ['/opt/node', '--expose-gc', '/opt/kobune/src/cli/main.ts']
const unpacked = '/var/lib/kobune/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/node'
const stamp = '0123456789abcdef0123'

test('the agent is the program of the image that was packed last, run by the Node of containers', async () => {
  const app = `/var/lib/kobune/images/app-${stamp.slice(0, 16)}/main.js`
  const files = { [unpacked]: '', '/var/lib/kobune/images/own-image': stamp, [app]: '' }
  const command = await kubeletCommand({ host: recordingHost({ files }), program })
  const words = ['/var/lib/kobune/images/node', '--max-semi-space-size=1', '--expose-gc', app, 'kubelet']
  assert.deepEqual(command.slice(0, 5), words)
})

test('without an image of our own the agent is this program as it runs', async () => {
  const files = { '/var/lib/kobune/images/own-image': stamp }
  const command = await kubeletCommand({ host: recordingHost({ files }), program })
  const words = ['/opt/node', '--max-semi-space-size=1', '--expose-gc', '/opt/kobune/src/cli/main.ts', 'kubelet']
  assert.deepEqual(command.slice(0, 5), words)
})
