import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { recordingHost } from '../../host/recording-host.ts'
import { paths } from '../paths.ts'
import { forgetUserKubeconfig, userKubeconfig } from './kubeconfig.ts'

const file = '/home/jane/.kube/config'
const admin = {
  clusters: [{ name: 'kubernetes', cluster: { server: 'https://192.0.2.1:6443' } }],
  users: [{ name: 'kubernetes-admin', user: { token: 'x' } }],
  contexts: [{ name: 'a', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
}
const work = {
  apiVersion: 'v1',
  kind: 'Config',
  preferences: { colors: true },
  clusters: [{ name: 'work', cluster: { server: 'https://work' } }],
  users: [{ name: 'work', user: { token: 'y' } }],
  contexts: [{ name: 'work', context: { cluster: 'work', user: 'work' } }],
  'current-context': 'work',
}
const before = process.env.KUBECONFIG
afterEach(() => {
  if (before === undefined) delete process.env.KUBECONFIG
  else process.env.KUBECONFIG = before
})

function host(content?: string) {
  process.env.KUBECONFIG = file
  return recordingHost({
    files: { [paths.adminConf]: stringify(admin), ...(content !== undefined && { [file]: content }) },
  })
}

test('userKubeconfig() puts its context beside what is there, once', async () => {
  const machine = host(stringify(work))
  await userKubeconfig({ host: machine })
  await userKubeconfig({ host: machine })
  const config = parse(await machine.files.read(file))
  assert.deepEqual(
    config.contexts.map((c: { name: string }) => c.name),
    ['work', 'kobune'],
  )
  assert.equal(config['current-context'], 'kobune')
  assert.deepEqual(config.preferences, { colors: true })
  assert.equal(config.clusters[1].cluster.server, 'https://192.0.2.1:6443')
})

test('forgetUserKubeconfig() leaves what was there before, and removes a file that held nothing else', async () => {
  const machine = host(stringify(work))
  await userKubeconfig({ host: machine })
  await forgetUserKubeconfig(machine)
  assert.deepEqual(parse(await machine.files.read(file)), work)
  const empty = host()
  await userKubeconfig({ host: empty })
  await forgetUserKubeconfig(empty)
  assert.equal(await empty.files.exists(file), false)
})

test('userKubeconfig() does not touch a file it cannot read', async () => {
  const machine = host('a: [')
  await assert.rejects(
    userKubeconfig({ host: machine }),
    /\/home\/jane\/\.kube\/config is no kubeconfig that can be read/,
  )
  assert.equal(await machine.files.read(file), 'a: [')
})

test('who calls sudo finds the context in the kubeconfig of their own home', async () => {
  const machine = host()
  delete process.env.KUBECONFIG
  await machine.files.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nada:x:1001:1002:Ada:/home/ada:/bin/sh\n')
  Object.assign(process.env, { SUDO_UID: '1001', SUDO_GID: '1002' })
  try {
    await userKubeconfig({ host: machine })
    assert.equal(parse(await machine.files.read('/home/ada/.kube/config'))['current-context'], 'kobune')
    await forgetUserKubeconfig(machine)
    assert.equal(await machine.files.exists('/home/ada/.kube/config'), false)
  } finally {
    delete process.env.SUDO_UID
    delete process.env.SUDO_GID
  }
})
