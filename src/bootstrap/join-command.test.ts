import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinCommand, joinCommandLines } from './join-command.ts'

const worker = { endpoint: 'lb:6443', token: 'abcdef.0123456789abcdef', caHashes: ['sha256:aa'] }

test('a worker is told to join by one line, or by two', () => {
  assert.equal(
    joinCommand(worker),
    'kobune join lb:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:aa',
  )
  assert.equal(
    joinCommandLines(worker),
    'kobune join lb:6443 --token abcdef.0123456789abcdef \\\n\t--discovery-token-ca-cert-hash sha256:aa',
  )
})

test('a control plane is told to be one, with the key of the certificates', () => {
  assert.equal(
    joinCommandLines({ ...worker, certificateKey: 'ff' }),
    'kobune join lb:6443 --token abcdef.0123456789abcdef \\\n\t--discovery-token-ca-cert-hash sha256:aa \\\n\t--control-plane --certificate-key ff',
  )
  assert.match(joinCommand({ ...worker, controlPlane: true }), /sha256:aa --control-plane$/)
})

test('without a pin, the line says that nothing is verified', () => {
  assert.match(joinCommand({ ...worker, caHashes: [] }), /--discovery-token-unsafe-skip-ca-verification$/)
})
