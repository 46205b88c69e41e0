import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { roles } from '../../src/api/rbac/v1/role.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')
const namespace = 'kube-system'
let cluster: TestCluster
let kubeconfig: string

before(async () => {
  cluster = await startCluster({ controllers: false })
  kubeconfig = await cluster.kubeconfigFile()
})
after(() => cluster.stop())

async function upload(...words: string[]): Promise<string> {
  const args = ['--disable-warning=ExperimentalWarning', main, 'init', 'phase', 'upload-config', ...words]
  return promisify(execFile)(process.execPath, [...args, '--kubeconfig', kubeconfig]).then(
    () => '',
    ({ stderr }) => stderr,
  )
}

async function storedVersion(): Promise<string> {
  const { data } = await cluster.client.get(configMaps, { namespace, name: 'kubeadm-config' })
  return parse(data!.ClusterConfiguration!).apiVersion
}

test('the configuration is stored as an older kubeadm reads it, and stays so', async () => {
  assert.equal(await upload('all'), '')
  assert.equal(await storedVersion(), 'kubeadm.k8s.io/v1beta4')
  assert.equal(await upload('all', '--for-kubeadm', '1.20'), '')
  assert.equal(await storedVersion(), 'kubeadm.k8s.io/v1beta2')
  const { data } = await cluster.client.get(configMaps, { namespace, name: 'kubelet-config-1.36' })
  assert.equal(parse(data!.kubelet!).kind, 'KubeletConfiguration')
  await cluster.client.get(roles, { namespace, name: 'kubeadm:kubelet-config-1.36' })
  assert.equal(await upload('kubeadm'), '')
  assert.equal(await storedVersion(), 'kubeadm.k8s.io/v1beta2')
  assert.match(await upload('kubeadm', '--for-kubeadm', 'newest'), /--for-kubeadm: "newest" is no version/)
})
