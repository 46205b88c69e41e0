import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { serviceAccounts } from '../../src/api/core/v1/service-account.ts'
import { createClient } from '../../src/client/client.ts'
import { httpTransport } from '../../src/client/http-transport.ts'
import { loadAuthority } from '../../src/pki/ensure-pki.ts'
import { type Authority, issue } from '../../src/pki/issue.ts'
import { generateKey, privateKeyPem, publicKeyPem } from '../../src/pki/keys.ts'
import { alternativeNames } from '../../src/pki/names.ts'
import { noEtcd, Plane } from './support/processes.ts'

const hour = 3_600_000

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function issued(
  by: Authority,
  commonName: string,
  usage: 'server auth' | 'client auth',
  organizations: readonly string[] = [],
): Promise<{ cert: string; key: string }> {
  const { privateKey, publicKey } = await generateKey()
  const now = Date.now()
  const cert = issue(
    {
      subject: { commonName, organizations },
      publicKey,
      usages: ['digital signature', usage],
      names: alternativeNames(['localhost', '127.0.0.1', 'kubernetes']),
      notBefore: now - hour,
      notAfter: now + hour,
    },
    by,
  )
  return { cert, key: privateKeyPem(privateKey) }
}

async function newAuthority(): Promise<Authority> {
  const { privateKey: key, publicKey } = await generateKey()
  const now = Date.now()
  const subject = { commonName: 'kubernetes', organizations: [] }
  const usages = ['digital signature', 'key encipherment', 'cert sign'] as const
  const request = { subject, publicKey, usages, authority: true, notBefore: now - hour, notAfter: now + hour }
  return { certificate: issue(request, { own: key }), key }
}

/** The serial number of the certificate that a server shows. */
function shown(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()!.serialNumber)
      socket.destroy()
    }).on('error', reject)
  })
}

if (noEtcd) test('renewal of certificates', { skip: noEtcd }, () => {})
else
  test('certificates, authorities and keys that change on disk are taken up without a restart, and no watch ends', async () => {
    await using plane = await Plane.prepare()
    await plane.startEtcd()
    const api = await plane.startApiserver()
    await plane.ready(api)
    const manager = await plane.startControllerManager(api.server)
    await plane.until('the controllers work', async () =>
      api.client.get(configMaps, { namespace: 'default', name: 'kube-root-ca.crt' }),
    )
    const { client } = api
    const ca = await loadAuthority(plane.pki(), 'ca')
    const tokenFor = async () => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
      const where = { verb: 'create', resource: serviceAccounts, namespace: 'default', name: 'default' } as const
      const answer = await client.transport.call({ ...where, subresource: 'token', body })
      return (answer as { status: { token: string } }).status.token
    }
    const as = (credentials: { cert?: string; key?: string; token?: string }) =>
      createClient(httpTransport({ server: api.server, ca: ca.certificate, ...credentials }))
    const works = async (one: typeof client) => {
      try {
        await one.list(configMaps, { namespace: 'default' })
        return true
      } catch (error) {
        // Authenticated is enough.
        return (error as { reason?: string }).reason === 'Forbidden'
      } finally {
        await one.transport.close()
      }
    }

    let ended: unknown = 'goes on'
    const seen: string[] = []
    await client.transport.watch(
      { verb: 'watch', resource: configMaps, namespace: 'default', query: { watch: true } },
      {
        event: ({ object }) => seen.push((object as { metadata: { name: string } }).metadata.name),
        ended: error => (ended = error),
      },
      new AbortController().signal,
    )

    const server = await issued(ca, 'kube-apiserver', 'server auth')
    // The key first: the certificate of before does not belong to it, and must go on being used.
    await replace(plane.pki('apiserver.key'), server.key)
    await replace(plane.pki('apiserver.crt'), server.cert)
    const serial = new X509Certificate(server.cert).serialNumber
    await plane.until('the new certificate is shown', async () => (await shown(api.port, api.host)) === serial)

    const next = await newAuthority()
    const stranger = await issued(next, 'someone', 'client auth')
    assert.equal(await works(as(stranger)), false)
    await replace(plane.pki('ca.crt'), `${ca.certificate}${next.certificate}`)
    await plane.until('clients of the new authority are known', () => works(as(stranger)))
    assert.ok(await works(as(await issued(ca, 'someone', 'client auth'))))
    await plane.until('pods are told of both authorities', async () => {
      const { data } = await client.get(configMaps, { namespace: 'default', name: 'kube-root-ca.crt' })
      return data?.['ca.crt']?.match(/BEGIN/g)?.length === 2
    })

    const before = await tokenFor()
    const { privateKey, publicKey } = await generateKey()
    const former = createPublicKey(createPrivateKey(await readFile(plane.pki('sa.key'), 'utf8')))
    await replace(plane.pki('sa.pub'), publicKeyPem(former) + publicKeyPem(publicKey))
    await replace(plane.pki('sa.key'), privateKeyPem(privateKey))
    const kid = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string
    const after = await plane.until('tokens are signed by the new key', async () => {
      const token = await tokenFor()
      return kid(token) !== kid(before) && token
    })
    assert.deepEqual(await Promise.all([before, after].map(token => works(as({ token })))), [true, true])

    const etcdCa = await loadAuthority(plane.pki(), 'etcd/ca')
    const etcd = await issued(etcdCa, 'kube-apiserver-etcd-client', 'client auth')
    await replace(plane.pki('apiserver-etcd-client.key'), etcd.key)
    await replace(plane.pki('apiserver-etcd-client.crt'), etcd.cert)
    const conf = `${await plane.kubeconfigs(api.server)}/controller-manager.conf`
    const { clientKubeconfig } = await import('../../src/pki/kubeconfig.ts')
    const subject = { commonName: 'system:kube-controller-manager', organizations: [] }
    await replace(conf, await clientKubeconfig(ca, subject, { server: api.server, now: Date.now() }))
    for (const [name, what] of [
      ['kube-apiserver-127.0.0.1', 'credentials for etcd'],
      ['kube-controller-manager', conf],
    ] as const) {
      await plane.until(`${name} uses new credentials`, async () =>
        (await readFile(`${plane.folder}/${name}.log`, 'utf8')).includes(`"what":${JSON.stringify(what)}`),
      )
    }
    await client.create(configMaps, { metadata: { namespace: 'default', name: 'last' } })
    await plane.until('the watch went on', async () => seen.includes('last'))
    assert.equal(ended, 'goes on')
    assert.equal(manager.process.exitCode, null)
  })
