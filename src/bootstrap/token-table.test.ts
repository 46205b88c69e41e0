import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenObject, tokenTable } from './token-table.ts'

const now = Date.parse('2030-01-01T00:00:00Z')
const group = 'system:bootstrappers:kubeadm:default-node-token'
const tokens = [
  {
    token: 'abcdef.0123456789abcdef',
    expires: '2030-01-01T23:59:30Z',
    usages: ['signing', 'authentication'],
    description: 'for the new rack',
    groups: [group],
  },
  { token: 'ghijkl.0123456789abcdef', usages: [], groups: [] },
  { token: 'mnopqr.0123456789abcdef', expires: '2029-12-31T00:00:00Z', usages: ['signing'], groups: [] },
]

test('tokens are shown in the columns of kubeadm', () => {
  assert.equal(
    tokenTable(tokens, now),
    `\
TOKEN                     TTL         EXPIRES                USAGES                   DESCRIPTION        EXTRA GROUPS
abcdef.0123456789abcdef   23h         2030-01-01T23:59:30Z   authentication,signing   for the new rack   ${group}
ghijkl.0123456789abcdef   <forever>   <never>                <none>                   <none>             <none>
mnopqr.0123456789abcdef   <invalid>   2029-12-31T00:00:00Z   signing                  <none>             <none>`,
  )
  assert.equal(tokenTable([], now), 'TOKEN     TTL       EXPIRES   USAGES    DESCRIPTION   EXTRA GROUPS')
})

test('programs get a token as an object', () => {
  assert.equal(
    JSON.stringify(tokenObject(tokens[1]!)),
    '{"kind":"BootstrapToken","apiVersion":"output.kubeadm.k8s.io/v1alpha3","token":"ghijkl.0123456789abcdef"}',
  )
})
