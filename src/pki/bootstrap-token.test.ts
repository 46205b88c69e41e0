import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBootstrapToken, generateBootstrapToken, parseBootstrapToken } from './bootstrap-token.ts'
import { detachedJws, isDetachedJws } from './jws.ts'

test('a generated bootstrap token can be parsed, others cannot', () => {
  const token = generateBootstrapToken()
  assert.deepEqual(parseBootstrapToken(formatBootstrapToken(token)), token)
  for (const bad of ['', 'abcdef', 'ABCDEF.0123456789abcdef', 'abcdef.0123456789abcde', 'abcdef.0123456789abcdef\n']) {
    assert.equal(parseBootstrapToken(bad), undefined, bad)
  }
})

test('detachedJws() gives the known signatures', () => {
  const content = 'apiVersion: v1\nkind: Config\n'
  const jws = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..vH_kT4yiol-nrAWgjfCYqvum5wsKETXe0S7OOp1VgnE'
  assert.equal(detachedJws(content, 'abcdef', '0123456789abcdef'), jws)
  assert.equal(
    detachedJws('Hello from the other side. I must have called a thousand times.', 'joshua', 'my voice is my passcode'),
    'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8',
  )
  assert.ok(isDetachedJws(jws, content, 'abcdef', '0123456789abcdef'))
  assert.ok(!isDetachedJws(jws, `${content} `, 'abcdef', '0123456789abcdef'))
  assert.ok(!isDetachedJws('', content, 'abcdef', '0123456789abcdef'))
})
