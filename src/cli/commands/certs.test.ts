import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { ensurePki, loadAuthority } from '../../pki/ensure-pki.ts'
import { ensureKubeconfigs } from '../../pki/kubeconfig.ts'

const main = join(import.meta.dirname, '../main.ts')
const config = { nodeName: 'n1', advertiseAddress: '10.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'cluster.local' }
let folder: string
let pki: string
let folders: string[]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kobune-certs-'))
  pki = join(folder, 'pki')
  folders = ['--cert-dir', pki, '--kubeconfig-dir', folder, '--kubeconfig', join(folder, 'none.conf')]
  const tenDays = 10 * 86_400_000
  await ensurePki(pki, { ...config, certificateValidity: tenDays })
  const server = 'https://127.0.0.1:1'
  const whom = { nodeName: 'n1', controlPlaneServer: server, localServer: server, certificateValidity: tenDays }
  await ensureKubeconfigs(folder, await loadAuthority(pki, 'ca'), whom, { which: ['admin.conf', 'scheduler.conf'] })
})
after(() => rm(folder, { recursive: true }))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}
function kobune(...words: string[]): Promise<Ended> {
  const run = promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words])
  return run.then(
    out => ({ code: 0, ...out }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
}

test('certificates are shown and renewed while the cluster is down', async () => {
  const before = JSON.parse((await kobune('certs', 'check-expiration', ...folders, '-o', 'json')).stdout)
  assert.equal(before.kind, 'CertificateExpirationInfo')
  const apiserver = before.certificates.find(({ name }: { name: string }) => name === 'apiserver')
  assert.ok(apiserver.residualTime > 9 * 86_400 && apiserver.residualTime < 10 * 86_400)
  const { stdout, stderr, code } = await kobune('certs', 'renew', 'all', ...folders)
  assert.equal(code, 0)
  assert.match(stderr, /The cluster cannot be asked .*; the defaults are used/)
  assert.equal(
    stdout,
    `certificate embedded in the kubeconfig file for the admin to use renewed
certificate for serving the Kubernetes API renewed
certificate the apiserver uses to access etcd renewed
certificate for the API server to connect to kubelet renewed
MISSING! certificate embedded in the kubeconfig file for the controller manager to use
certificate for liveness probes to healthcheck etcd renewed
certificate for etcd nodes to communicate with each other renewed
certificate for serving etcd renewed
certificate for the front proxy client renewed
certificate embedded in the kubeconfig file for the scheduler to use renewed
MISSING! certificate embedded in the kubeconfig file for the super-admin

Done renewing certificates. kube-apiserver, kube-controller-manager, kube-scheduler and etcd use the new certificates within seconds: you need not restart them.
`,
  )
  const shown = await kobune('certs', 'check-expiration', ...folders)
  assert.match(shown.stdout, /^apiserver .* 364d {12}ca {22}no/m)
  assert.match(shown.stdout, /^!MISSING! super-admin.conf/m)
  const one = await kobune('certs', 'renew', 'nonsense', ...folders)
  assert.equal(one.code, 2)
  assert.match(one.stderr, /Allowed choices are all, admin.conf, apiserver/)
})

test('a machine without certificates of the control plane is told so, and not that all is renewed', async () => {
  const nowhere = ['--cert-dir', join(folder, 'nowhere'), '--kubeconfig-dir', join(folder, 'nowhere')]
  const { code, stdout, stderr } = await kobune('certs', 'renew', 'all', ...nowhere)
  assert.equal(code, 1)
  assert.match(stdout, /^MISSING! certificate for serving the Kubernetes API$/m)
  assert.doesNotMatch(stdout, /Done/)
  assert.match(stderr, /nothing was renewed: .*nowhere/)
})

test('a renewal follows the configuration that is given', async () => {
  const file = join(folder, 'config.yaml')
  await writeFile(
    file,
    'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\ncertificateValidityPeriod: 48h0m0s\nencryptionAlgorithm: RSA-2048\n',
  )
  await kobune('certs', 'renew', 'front-proxy-client', ...folders.slice(0, 4), '--config', file)
  const made = new X509Certificate(await readFile(join(pki, 'front-proxy-client.crt')))
  assert.equal(made.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.ok(Date.parse(made.validTo) < Date.now() + 49 * 3_600_000)
})

test('shared files go to another machine in one locked file', async () => {
  const [sealed, secret, other] = ['shared.certs', 'passphrase', 'other'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(secret, 'correct horse\n')
  const said = await kobune('certs', 'export', sealed, '--cert-dir', pki, '--passphrase-file', secret)
  assert.equal(said.code, 0, said.stderr)
  assert.equal((await stat(sealed)).mode & 0o777, 0o600)
  assert.ok(!(await readFile(sealed, 'utf8')).includes('PRIVATE'))
  assert.match((await kobune('certs', 'export', sealed, '--cert-dir', pki)).stderr, /is there already/)
  const brought = await kobune('certs', 'import', sealed, '--cert-dir', other, '--passphrase-file', secret)
  assert.equal(brought.stdout.split('\n').length, 8 + 1)
  assert.match(brought.stdout, /^\[import\] .*\/other\/ca.crt written$/m)
  assert.deepEqual((await readdir(other)).sort(), [
    'ca.crt',
    'ca.key',
    'etcd',
    'front-proxy-ca.crt',
    'front-proxy-ca.key',
    'sa.key',
    'sa.pub',
  ])
  await writeFile(secret, 'wrong battery\n')
  const wrong = await kobune('certs', 'import', sealed, '--cert-dir', other, '--passphrase-file', secret)
  assert.match(wrong.stderr, /passphrase is another one, or the file was changed/)
  await writeFile(secret, 'short\n')
  assert.match(
    (await kobune('certs', 'import', sealed, '--cert-dir', other, '--passphrase-file', secret)).stderr,
    /at least 8 characters/,
  )
  assert.match((await kobune('certs', 'import', sealed, '--cert-dir', other)).stderr, /give --passphrase-file/)
})

test('a kubeconfig for a person has a certificate that openssl accepts, or a token', async () => {
  const to = ['--cert-dir', pki, '--kubeconfig', join(folder, 'admin.conf')]
  const who = ['--client-name', 'ada', '--org', 'devs', '--org', 'ops', '--validity-period', '24h']
  const { stdout } = await kobune('kubeconfig', 'user', ...who, ...to)
  const made = parse(stdout)
  assert.equal(made.clusters[0].cluster.server, 'https://127.0.0.1:1')
  assert.equal(made['current-context'], 'ada@kubernetes')
  const file = join(folder, 'ada.crt')
  await writeFile(file, Buffer.from(made.users[0].user['client-certificate-data'], 'base64'))
  assert.match(execFileSync('openssl', ['verify', '-CAfile', join(pki, 'ca.crt'), file], { encoding: 'utf8' }), /OK/)
  const text = execFileSync('openssl', ['x509', '-in', file, '-noout', '-subject'], { encoding: 'utf8' })
  assert.match(text, /O ?= ?ops \+ O ?= ?devs, CN ?= ?ada/)
  const byToken = parse((await kobune('kubeconfig', 'user', '--client-name', 'bot', '--token', 'abc', ...to)).stdout)
  assert.deepEqual(byToken.users, [{ name: 'bot', user: { token: 'abc' } }])
  assert.match((await kobune('kubeconfig', 'user', ...to)).stderr, /--client-name is required/)
})

test('a certificate key is 64 hexadecimal digits', async () => {
  assert.match((await kobune('certs', 'certificate-key')).stdout, /^[0-9a-f]{64}\n$/)
})

test('upstream’s components must be restarted to use what was renewed', async () => {
  const manifest = join(folder, 'manifests/kube-controller-manager.yaml')
  await mkdir(join(folder, 'manifests'))
  const told = async (program: string) => {
    await writeFile(manifest, `spec:\n  containers:\n  - command:\n    - ${program}\n    - --leader-elect=true\n`)
    return (await kobune('certs', 'renew', 'scheduler.conf', ...folders)).stdout
  }
  assert.match(
    await told('kube-controller-manager'),
    /^Done renewing certificates\. You must restart the kube-apiserver/m,
  )
  assert.match(await told('/kobune\n    - kube-controller-manager'), /you need not restart them\.$/m)
  await rm(manifest)
})
