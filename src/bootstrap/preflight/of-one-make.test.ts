import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kubernetesVersion } from '../../base/version.ts'
import { createClient } from '../../client/client.ts'
import type { Transport } from '../../client/transport.ts'
import { checkOurs } from './of-one-make.ts'

/** A cluster that says no more than its version. */
function clusterOf(gitVersion: string) {
  const body = (async function* () {
    yield Buffer.from(JSON.stringify({ major: '1', gitVersion }))
  })()
  return createClient({ raw: async () => ({ status: 200, body }) } as Partial<Transport> as Transport)
}

test('only a control plane of the same make is joined', async () => {
  await checkOurs(clusterOf(kubernetesVersion.gitVersion))
  await assert.rejects(
    checkOurs(clusterOf('v1.20.2')),
    /is not Kobune's \(its API server is v1\.20\.2\), and both cannot share an etcd; join as a worker/,
  )
})
