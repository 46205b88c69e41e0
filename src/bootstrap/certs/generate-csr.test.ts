import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { parse } from 'yaml'
import { parseCsr } from '../../pki/csr.ts'
import { MemoryFiles } from '../../pki/files.ts'
import { generateRequests } from './generate-csr.ts'

const options = {
  dir: '/k/pki',
  kubernetesDir: '/k',
  pki: { nodeName: 'n1', advertiseAddress: '10.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'cluster.local' },
  kubeconfigs: { nodeName: 'n1', controlPlaneServer: 'https://lb:6443', localServer: 'https://10.0.0.1:6443' },
}

test('each certificate and kubeconfig gets a request that openssl reads, with its key', async () => {
  const files = new MemoryFiles()
  const written = await generateRequests({ ...options, etcd: true, files })
  assert.equal(written.length, 2 * (7 + 5))
  for (const path of written.filter(file => file.endsWith('.csr'))) {
    const csr = (await files.read(path))!
    execFileSync('openssl', ['req', '-noout', '-verify'], { input: csr, stdio: 'pipe' })
    const base = path.slice(0, -'.csr'.length)
    const pem = base.endsWith('.conf')
      ? Buffer.from(parse((await files.read(base))!).users[0].user['client-key-data'], 'base64').toString()
      : (await files.read(`${base}.key`))!
    assert.ok(parseCsr(csr).publicKey.equals(createPublicKey(createPrivateKey(pem))), path)
  }
  assert.deepEqual(parseCsr((await files.read('/k/kubelet.conf.csr'))!).subject, {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
  })
  const { names, usages } = parseCsr((await files.read('/k/pki/apiserver.csr'))!)
  assert.ok(names.ip.includes('10.96.0.1') && names.dns.includes('kubernetes.default.svc.cluster.local'))
  assert.ok(usages.includes('server auth'))
  assert.equal(parse((await files.read('/k/scheduler.conf'))!).clusters[0].cluster.server, 'https://10.0.0.1:6443')
  assert.equal(files.files.get('/k/admin.conf')!.mode, 0o600)
  await assert.rejects(generateRequests({ ...options, etcd: true, files }), /is there already/)
})

test('with an external etcd, nothing of it is asked for', async () => {
  const files = new MemoryFiles()
  const written = await generateRequests({ ...options, etcd: false, files })
  assert.deepEqual(
    written.filter(path => path.includes('etcd')),
    [],
  )
})
