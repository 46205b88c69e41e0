import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { caHash } from '../../pki/ca-hash.ts'
import { issue } from '../../pki/issue.ts'
import { detachedJws } from '../../pki/jws.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import { kubeconfigText } from '../../pki/kubeconfig.ts'
import { alternativeNames } from '../../pki/names.ts'
import { clusterInfoText } from '../cluster-info.ts'
import { defaultJoin } from '../config/defaults.ts'
import { exampleFacts } from '../config/facts.ts'
import { discover } from './discover.ts'

const token = 'abcdef.0123456789abcdef'
const hour = 3_600_000

async function authority() {
  const { privateKey, publicKey } = await generateKey()
  const request = { subject: { commonName: 'kubernetes' }, publicKey, usages: ['cert sign'], authority: true } as const
  const certificate = issue(
    { ...request, notBefore: Date.now() - hour, notAfter: Date.now() + hour },
    { own: privateKey },
  )
  return { certificate, key: privateKey }
}

describe('finding a cluster by a token', () => {
  let server: Server
  let address: string
  let ca: string
  let info: Record<string, string>
  /** What the second, verified reading gets, where that is something else. */
  let again: Record<string, string> | undefined
  let date: string | undefined
  let asked = 0

  before(async () => {
    const by = await authority()
    ca = by.certificate
    const { privateKey, publicKey } = await generateKey()
    const names = alternativeNames(['127.0.0.1'])
    const usages = ['server auth'] as const
    const cert = issue(
      {
        subject: { commonName: 'x' },
        publicKey,
        usages,
        names,
        notBefore: Date.now() - hour,
        notAfter: Date.now() + hour,
      },
      by,
    )
    server = createServer({ cert, key: privateKeyPem(privateKey) }, (_, response) => {
      if (date) response.setHeader('date', date)
      const data = asked++ > 0 && again ? again : info
      response.end(JSON.stringify({ data }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  function tells(kubeconfig = clusterInfoText({ server: `https://${address}`, ca }), signed = kubeconfig): void {
    info = { kubeconfig, 'jws-kubeconfig-abcdef': detachedJws(signed, 'abcdef', '0123456789abcdef') }
    again = undefined
    asked = 0
    date = undefined
  }

  const find = (given: { token?: string; caCertHashes?: readonly string[]; unsafeSkipCAVerification?: boolean } = {}) =>
    discover(
      defaultJoin(exampleFacts, {
        discovery: { bootstrapToken: { token, apiServerEndpoint: address, caCertHashes: [caHash(ca)], ...given } },
      }),
    )

  test('a signed cluster-info and the right pin give the server, its authority and the token', async () => {
    tells()
    assert.deepEqual(await find(), { server: `https://${address}`, ca, credentials: { token } })
  })

  test('a wrong secret is told from a token that the cluster does not know', async () => {
    tells()
    await assert.rejects(find({ token: 'abcdef.fedcba9876543210' }), /not signed with this token/)
    await assert.rejects(
      find({ token: 'zzzzzz.0123456789abcdef' }),
      /knows no token zzzzzz: it has expired, or never was/,
    )
  })

  test('a changed cluster-info is found out', async () => {
    tells(
      clusterInfoText({ server: 'https://192.0.2.66:6443', ca }),
      clusterInfoText({ server: `https://${address}`, ca }),
    )
    await assert.rejects(find(), /somebody changed cluster-info on the way/)
  })

  test('another pin, and none without saying so, are refused; the right one is shown', async () => {
    tells()
    const pin = `sha256:${'0'.repeat(64)}`
    await assert.rejects(
      find({ caCertHashes: [pin] }),
      new RegExp(`has the pin ${caHash(ca)}, and ${pin} was expected`),
    )
    await assert.rejects(find({ caCertHashes: [] }), /none was expected/)
    assert.ok(await find({ caCertHashes: [], unsafeSkipCAVerification: true }))
  })

  test('another answer over the verified connection is refused', async () => {
    tells()
    again = { ...info, kubeconfig: `${info.kubeconfig}# changed\n` }
    await assert.rejects(find(), /somebody is in between/)
  })

  test('an authority that the server is not signed by is refused', async () => {
    const other = await authority()
    tells(clusterInfoText({ server: `https://${address}`, ca: other.certificate }))
    await assert.rejects(find({ caCertHashes: [caHash(other.certificate)] }), /127\.0\.0\.1/)
  })

  describe('or by a file', () => {
    let folder: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kobune-discovery-test-'))
    })
    after(() => rm(folder, { recursive: true, force: true }))
    const byFile = async (text: string, tlsBootstrapToken?: string) => {
      const kubeConfigPath = join(folder, 'discovery.conf')
      await writeFile(kubeConfigPath, text)
      return discover(
        defaultJoin(exampleFacts, {
          discovery: { file: { kubeConfigPath }, ...(tlsBootstrapToken && { tlsBootstrapToken }) },
        }),
      )
    }

    test('a kubeconfig without a user needs a token', async () => {
      tells()
      const text = clusterInfoText({ server: `https://${address}`, ca })
      assert.deepEqual(await byFile(text, token), { server: `https://${address}`, ca, credentials: { token } })
      await assert.rejects(byFile(text), /has no credentials: give a token with --tls-bootstrap-token/)
    })

    test('a kubeconfig with a user needs nothing else', async () => {
      tells()
      const found = await byFile(
        kubeconfigText({ server: `https://${address}`, ca, user: { name: 'me', token: 'mine' } }),
      )
      assert.equal(found.credentials.token, 'mine')
    })

    test('an authority that the file lacks comes from cluster-info; one of another cluster is found out', async () => {
      tells()
      const bare = JSON.stringify({
        kind: 'Config',
        clusters: [{ name: '', cluster: { server: `https://${address}` } }],
      })
      assert.equal((await byFile(bare, token)).ca, ca)
      const other = (await authority()).certificate
      await assert.rejects(byFile(clusterInfoText({ server: `https://${address}`, ca: other }), token), /127\.0\.0\.1/)
    })

    test('what is no kubeconfig is said to be none', async () => {
      await assert.rejects(byFile('- nothing\n', token), /discovery\.conf is no kubeconfig to find a cluster by/)
    })
  })

  test('clocks a day apart are told, with the way to mend it', async () => {
    tells()
    date = new Date(Date.now() - 24 * hour).toUTCString()
    await assert.rejects(find(), /this machine's clock is 24 hours ahead of that of https.*timedatectl/)
  })
})

test('a port where nothing listens is told within seconds', async () => {
  const timeouts = { discovery: '1s' }
  const bootstrapToken = { token, apiServerEndpoint: '127.0.0.1:1', unsafeSkipCAVerification: true }
  const began = Date.now()
  await assert.rejects(
    discover(defaultJoin(exampleFacts, { timeouts, discovery: { bootstrapToken } })),
    /nothing listens at 127\.0\.0\.1:1: is the API server up, and the port right\?/,
  )
  assert.ok(Date.now() - began < 5_000)
})
