import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { caHash } from '../../src/pki/ca-hash.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')
let cluster: TestCluster
let folder: string
let kubeconfig: string

before(async () => {
  cluster = await startCluster()
  folder = await mkdtemp(join(tmpdir(), 'kobune-token-'))
  kubeconfig = join(folder, 'admin.conf')
  await writeFile(kubeconfig, await cluster.kubeconfigFor('admin', ['system:masters']), { mode: 0o600 })
})
after(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true })
})

const run = (...words: string[]) =>
  promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    ...[main, 'token', ...words, '--kubeconfig', kubeconfig],
  ])

async function token(...words: string[]): Promise<string> {
  return run(...words).then(
    ({ stdout }) => stdout,
    ({ stderr }) => stderr,
  )
}

test('a token is made, shown in a table and as JSON, and deleted', async () => {
  const group = 'system:bootstrappers:kubeadm:default-node-token'
  assert.equal(await token('create', 'abcdef.0123456789abcdef', '--description', 'a rack'), 'abcdef.0123456789abcdef\n')
  assert.match(await token('create', 'abcdef.0123456789abcdef'), /^kobune: a token with id "abcdef" already exists\n$/)
  assert.match(
    await token('list'),
    new RegExp(
      `^TOKEN {21}TTL {7}EXPIRES {16}USAGES {19}DESCRIPTION {3}EXTRA GROUPS\nabcdef.0123456789abcdef {3}23h {7}20\\S{18} {3}authentication,signing {3}a rack {8}${group}\n$`,
    ),
  )
  const read = JSON.parse(await token('list', '-o', 'json'))
  assert.equal(read.kind, 'BootstrapToken')
  assert.match(read.ttl, /^23h59m\d+s$/)
  assert.match(await token('list', '-o', 'yaml'), /^kind: BootstrapToken\n[\s\S]+groups:\n- system:bootstrappers/)
  assert.match(await token('list', '-o', 'yaml'), /^expires: "20[\dTZ:-]+"$/m)
  assert.equal(await token('delete', 'abcdef'), 'bootstrap token "abcdef" deleted\n')
  assert.match(await token('delete', 'abcdef'), /there is no bootstrap token with id "abcdef"/)
})

test('the whole line to join with is printed', async () => {
  const [, host] = /server: "?https:\/\/([^"\s]+)/.exec(await cluster.kubeconfigFor('admin', []))!
  const [, data] = /certificate-authority-data: "?([^"\s]+)/.exec(await cluster.kubeconfigFor('admin', []))!
  const pin = caHash(Buffer.from(data!, 'base64').toString())
  const key = 'ab'.repeat(32)
  assert.equal(
    await token('create', 'ghijkl.0123456789abcdef', '--print-join-command', '--certificate-key', key),
    `kobune join ${host} --token ghijkl.0123456789abcdef --discovery-token-ca-cert-hash ${pin} --control-plane --certificate-key ${key}\n`,
  )
})

test('a line that nobody can join with yet says so beside it', async () => {
  const { stderr } = await run('create', '--print-join-command')
  assert.match(stderr, /no machine can join with this line yet.*cluster-info\n.*kobune datastore migrate --to etcd/)
  await cluster.client.create(configMaps, { metadata: { name: 'cluster-info', namespace: 'kube-public' } })
  assert.equal((await run('create', '--print-join-command')).stderr, '')
})

test('tokens that nobody could use are refused before anything is asked', async () => {
  assert.match(await token('create', 'nonsense'), /bootstrapTokens\[0\].token: Invalid value: must be 6 and 16/)
  assert.match(await token('create', '--groups', 'system:masters'), /must be a name under system:bootstrappers:/)
  assert.match(await token('create', '--ttl', 'soon'), /bootstrapTokens\[0\].ttl/)
  assert.match(await token('create', '--config', 'x', '--ttl', '1h'), /can not mix '--config' with arguments \[ttl\]/)
  assert.equal(
    await token('create', '--dry-run', 'mnopqr.0123456789abcdef').then(line => line.trim()),
    'mnopqr.0123456789abcdef',
  )
  assert.ok(!(await token('list')).includes('mnopqr'))
})
