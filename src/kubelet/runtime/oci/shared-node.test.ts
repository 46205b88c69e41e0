import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingHost } from '../../../host/recording-host.ts'
import { sharedNode } from './shared-node.ts'

const snapshots = '/var/lib/kobune/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots'
const unpacked = `${snapshots}/7/fs/node`
const at = '/var/lib/kobune/images/node'

test('the agent runs the Node that containers run, by a name of its own', async () => {
  const host = recordingHost({ files: { [`${snapshots}/2/fs/pause`]: 'p', [unpacked]: 'n' } })
  assert.equal(await sharedNode(host, '/usr/bin/node', at), at)
  const commands = host.effects.filter(({ verb }) => verb === 'run').map(({ target }) => target)
  assert.deepEqual(commands, [
    `cmp -s ${unpacked} /usr/bin/node`,
    `ln -f ${unpacked} ${at}`,
    `cmp -s ${at} /usr/bin/node`,
  ])
})

test('without an image of ours in containerd, the agent runs its own Node', async () => {
  const host = recordingHost({ files: { [`${snapshots}/2/fs/pause`]: 'p' } })
  assert.equal(await sharedNode(host, '/usr/bin/node', at), '/usr/bin/node')
  assert.deepEqual(host.effects, [])
})
