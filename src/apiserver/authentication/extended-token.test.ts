import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extendedToken } from './extended-token.ts'

const account = { namespace: 'default', serviceAccount: { name: 'a', uid: 'u' } }
const pod = { name: 'p', uid: 'v' }

test('extendedToken() gives the token of every pod a year, and others what they ask for', () => {
  const life = (more: object) => {
    const { expiresIn, warnIn } = extendedToken({ ...account, expiresIn: 3607, pod, ...more }, ['api'])
    return [expiresIn, warnIn]
  }
  assert.deepEqual(life({}), [31_536_000, 3607])
  assert.deepEqual(life({ audiences: ['api'] }), [31_536_000, 3607])
  assert.deepEqual(life({ audiences: ['vault'] }), [3607, undefined])
  assert.deepEqual(life({ expiresIn: 3600 }), [3600, undefined])
  assert.deepEqual(life({ pod: undefined }), [3607, undefined])
})
