import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { missing } from './lab/needs.ts'
import { Cluster } from './support/cluster.ts'

const manifest = new URL('../../examples/overlay/overlay.yaml', import.meta.url)

test('examples/overlay runs as a DaemonSet and connects its node', { skip: await missing('bridge') }, async () => {
  await using cluster = await Cluster.up()
  await cluster.apply(await readFile(manifest, 'utf8'))
  try {
    await cluster.kubectl(['-n', 'kube-flannel', 'rollout', 'status', 'daemonset/kube-flannel-ds', '--timeout', '50s'])
  } catch (error) {
    const { stdout } = await cluster.tryKubectl(['-n', 'kube-flannel', 'logs', 'daemonset/kube-flannel-ds'])
    throw new Error(`${(error as Error).message}\n${stdout}\n${await cluster.says()}`)
  }
  const [name, path] = ['node1', '{.metadata.annotations.flannel\\.alpha\\.coreos\\.com/public-ip}']
  assert.equal(await cluster.field(['node', name], path), cluster.node.address)
  assert.match(await cluster.node.ok('cat', ['/run/flannel/subnet.env']), /FLANNEL_MTU=1450/)
  assert.match(await cluster.node.ok('ip', ['-d', 'link', 'show', 'flannel.1']), /vxlan id 1 .*dstport 8472/)
})
