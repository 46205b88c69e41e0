import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { checkReachableAt } from './reachable-at.ts'

test('an address is fine when the server answers to it, and not when only another one is answered', async () => {
  const server = createServer(socket => socket.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    assert.deepEqual(await checkReachableAt(url, '127.0.0.2'), [])
    // For documents only: no machine has it.
    const [finding] = await checkReachableAt(url, '192.0.2.7')
    assert.equal(finding?.check, 'AdvertiseAddress')
    assert.match(finding.message, /others cannot reach this machine at 192\.0\.2\.7: .* but it does to 127\.0\.0\.1/)
    assert.match(finding.mend, /--apiserver-advertise-address 127\.0\.0\.1/)
  } finally {
    server.close()
  }
  assert.deepEqual(await checkReachableAt(url, '192.0.2.7'), [], 'a server that is gone tells nothing')
})
