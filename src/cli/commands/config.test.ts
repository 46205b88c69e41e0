import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { configurationSchema } from '../../bootstrap/config/json-schema.ts'

const folder = await mkdtemp(join(tmpdir(), 'kobune-config-'))
after(() => rm(folder, { recursive: true }))
const main = join(import.meta.dirname, '../main.ts')

async function kobune(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = ['--disable-warning=ExperimentalWarning', main, ...words]
  const run = promisify(execFile)(process.execPath, args)
  return run.then(
    out => ({ code: 0, ...out }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
}

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const old = `apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.19.1
apiServer:
  timeoutForControlPlane: 3m0s
  extraArgs: {v: "2"}
`

test('migrate writes an old file as the current version, readable by its owner only', async () => {
  const from = await fileOf('old.yaml', old)
  const to = join(folder, 'new.yaml')
  assert.deepEqual(await kobune('config', 'migrate', '--old-config', from, '--new-config', to), {
    code: 0,
    stdout: '',
    stderr: '',
  })
  const text = await readFile(to, 'utf8')
  assert.match(text, /kind: InitConfiguration[\s\S]+ {2}controlPlaneComponentHealthCheck: 3m0s/)
  assert.match(text, /apiServer:\n {2}extraArgs:\n {2}- name: v\n {4}value: "2"\n/)
  assert.match(text, /kubernetesVersion: v1.19.1/)
  assert.equal((await stat(to)).mode & 0o777, 0o600)
  assert.equal((await kobune('config', 'validate', '--config', to)).stdout, 'ok\n')
})

test('validate takes unknown fields for errors, and says where they are', async () => {
  const path = await fileOf('typo.yaml', `${old}clusterNam: a\n`)
  const { code, stderr, stdout } = await kobune('config', 'validate', '--config', path)
  assert.deepEqual([code, stdout], [1, ''])
  assert.equal(stderr, `kobune: ${path}:7: unknown field "clusterNam" in v1beta2\n`)
  assert.match((await kobune('config', 'validate', '--config', '/nowhere')).stderr, /\/nowhere does not exist/)
})

test('printed defaults are valid themselves', async () => {
  await Promise.all(
    ['init', 'join', 'reset', 'upgrade'].map(async command => {
      const { stdout } = await kobune('config', 'print', `${command}-defaults`)
      const path = await fileOf(`${command}.yaml`, stdout)
      assert.deepEqual(await kobune('config', 'validate', '--config', path), { code: 0, stdout: 'ok\n', stderr: '' })
    }),
  )
})

test('component configurations are printed, too', async () => {
  const { stdout } = await kobune('config', 'print', 'init-defaults', '--component-configs', 'KubeletConfiguration')
  assert.match(stdout, /---\napiVersion: kubelet.config.k8s.io\/v1beta1\nkind: KubeletConfiguration\n/)
  const wrong = await kobune('config', 'print', 'init-defaults', '--component-configs', 'Nope')
  assert.match(wrong.stderr, /there is no Nope; choose from KubeletConfiguration, KubeProxyConfiguration/)
  assert.equal(wrong.code, 2)
})

test('the schema for editors knows each field with its choices', () => {
  const schema = configurationSchema() as {
    oneOf: { title: string; properties: Record<string, Record<string, unknown>> }[]
  }
  assert.deepEqual(
    schema.oneOf.map(({ title }) => title),
    ['InitConfiguration', 'ClusterConfiguration', 'JoinConfiguration', 'ResetConfiguration', 'UpgradeConfiguration'],
  )
  const cluster = schema.oneOf[1]!.properties
  assert.deepEqual((cluster.encryptionAlgorithm as { enum: string[] }).enum[0], 'ECDSA-P256')
  assert.equal(cluster.useHyperKubeImage, undefined)
  assert.equal((cluster.apiServer!.properties as { extraArgs: { type: string } }).extraArgs.type, 'array')
})
