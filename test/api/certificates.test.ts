import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'

import * as k8s from '@kubernetes/client-node'
import { certificateSigningRequests } from '../../src/api/certificates/v1/certificate-signing-request.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { createCsr } from '../../src/pki/csr.ts'
import { startCluster, type TestCluster } from '../../src/testing/start-cluster.ts'
import { untilOne } from './support/until.ts'

let cluster: TestCluster
before(async () => {
  cluster = await startCluster({ nodes: 1 })
  const addresses = [{ type: 'InternalIP', address: '192.0.2.1' }]
  await cluster.client.patch(nodes, { name: 'node-1' }, { status: { addresses } }, { subresource: 'status' })
})
after(() => cluster.stop())

const subject = { commonName: 'system:node:node-1', organizations: ['system:nodes'] }

/** Asks for a certificate as the node itself. */
async function ask(
  name: string,
  signer: string,
  usage: string,
  names: readonly string[] = [],
  user = subject,
): Promise<void> {
  const config = new k8s.KubeConfig()
  config.loadFromString(await cluster.kubeconfigFor(user.commonName, user.organizations))
  const { csr } = await createCsr({ subject, names })
  const spec = {
    request: Buffer.from(csr).toString('base64'),
    signerName: `kubernetes.io/${signer}`,
    usages: ['digital signature', usage],
  }
  await config
    .makeApiClient(k8s.CertificatesV1Api)
    .createCertificateSigningRequest({ body: { metadata: { name }, spec } })
}

const issued = async (name: string) => {
  const { status } = await untilOne(cluster.client, certificateSigningRequests, name, r => r.status.certificate)
  return new X509Certificate(Buffer.from(status.certificate!, 'base64'))
}

test('a node renews its client certificate by itself', async () => {
  await ask('client', 'kube-apiserver-client-kubelet', 'client auth')
  const certificate = await issued('client')
  assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:node-1')
  assert.ok(certificate.verify(new X509Certificate(cluster.ca).publicKey))
})

test('a node gets a serving certificate for its own addresses only', async () => {
  await ask('own', 'kubelet-serving', 'server auth', ['node-1', '192.0.2.1'])
  const certificate = await issued('own')
  assert.match(certificate.subjectAltName ?? '', /DNS:node-1, IP Address:192\.0\.2\.1/)
  await ask('foreign', 'kubelet-serving', 'server auth', ['node-1', '192.0.2.99'])
  await ask('after', 'kube-apiserver-client-kubelet', 'client auth')
  await issued('after')
  const { status } = await cluster.client.get(certificateSigningRequests, { name: 'foreign' })
  assert.deepEqual([status.conditions ?? [], status.certificate], [[], undefined])
})

test('what was denied is not signed', async () => {
  await ask('denied', 'kubelet-serving', 'server auth', ['192.0.2.50'])
  const { client } = cluster
  const request = await client.get(certificateSigningRequests, { name: 'denied' })
  const condition = { type: 'Denied', status: 'True', reason: 'No', message: 'no' }
  await client.update(certificateSigningRequests, { ...request, status: { conditions: [condition] } } as never, {
    subresource: 'approval',
  })
  await ask('last', 'kube-apiserver-client-kubelet', 'client auth')
  await issued('last')
  assert.equal((await client.get(certificateSigningRequests, { name: 'denied' })).status.certificate, undefined)
})

test('a signer says what it refuses', async () => {
  const { client } = cluster
  await ask('strange', 'kubelet-serving', 'client auth', ['192.0.2.50'])
  const request = await client.get(certificateSigningRequests, { name: 'strange' })
  const condition = { type: 'Approved', status: 'True', reason: 'Yes', message: 'yes' }
  await client.update(certificateSigningRequests, { ...request, status: { conditions: [condition] } } as never, {
    subresource: 'approval',
  })
  const failed = await untilOne(client, certificateSigningRequests, 'strange', r =>
    r.status.conditions?.some(c => c.type === 'Failed'),
  )
  const { reason, message } = failed.status.conditions!.find(c => c.type === 'Failed')!
  assert.equal(reason, 'SignerValidationFailure')
  assert.match(message ?? '', /usages did not match/)
})
