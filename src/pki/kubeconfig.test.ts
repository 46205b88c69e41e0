import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { kubeconfigText } from './kubeconfig.ts'

test('scripts find the server of a kubeconfig as they always did', () => {
  for (const server of ['https://10.0.0.1:6443', 'https://api.example.com:6443', 'https://[fd00::1]:6443']) {
    const user = { name: 'system:node:n1', certificateFile: '/var/lib/kubelet/pki/c.pem', keyFile: '/k.pem' }
    const text = kubeconfigText({ server, ca: 'A', user })
    assert.ok(text.includes(`\n    server: ${server}\n`), text)
    assert.match(text, /^current-context: system:node:n1@kubernetes$/m)
    const read = parse(text)
    assert.equal(read.clusters[0].cluster.server, server)
    assert.equal(read.users[0].user['client-certificate'], '/var/lib/kubelet/pki/c.pem')
  }
})

test('names that YAML would read as something else are quoted', () => {
  for (const name of ['true', 'no', '123', 'a: b', 'a #b', '', 'x:', '*a', '1e3', "o'hara", '- a', '~', 'null']) {
    const user = { name, token: '123456.7890123456789012' }
    const read = parse(kubeconfigText({ clusterName: name, server: 'https://a:1', ca: 'A', user }), { version: '1.1' })
    assert.equal(read.clusters[0].name, name)
    assert.equal(read.users[0].name, name)
    assert.equal(read.users[0].user.token, user.token)
    assert.equal(read['current-context'], `${name}@${name}`)
  }
})
