import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decryptFile, encryptFile } from './upload-certs.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i))

test('files are encrypted as kubeadm encrypts them', () => {
  const encrypted = encryptFile(Buffer.from('hello'), key, Buffer.from('000102030405060708090a0b', 'hex'))
  assert.equal(encrypted.toString('base64'), 'AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7')
  assert.equal(decryptFile(encrypted, key).toString(), 'hello')
})

test('each encryption is another one, and a changed bit is noticed', () => {
  const [one, two] = [encryptFile(Buffer.from('hello'), key), encryptFile(Buffer.from('hello'), key)]
  assert.notDeepEqual(one, two)
  for (let i = 0; i < one.length; i += 1) {
    const changed = Buffer.from(one)
    changed[i]! ^= 1
    assert.throws(() => decryptFile(changed, key))
  }
  assert.throws(() => decryptFile(one.subarray(0, 20), key), /too short/)
})
