import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadKubeconfig } from './kubeconfig.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kobune-kubeconfig-'))
})
after(() => rm(folder, { recursive: true }))

const base64 = (text: string) => Buffer.from(text).toString('base64')
const text = `
current-context: first
clusters:
- name: here
  cluster: { server: 'https://a:6443', certificate-authority-data: ${base64('CA')}, tls-server-name: b }
- name: there
  cluster: { server: 'https://c', certificate-authority: ca.crt }
users:
- name: admin
  user: { client-certificate-data: ${base64('CERT')}, client-key: admin.key }
- name: token
  user: { tokenFile: token }
contexts:
- name: first
  context: { cluster: here, user: admin }
- name: second
  context: { cluster: there, user: token }
- name: broken
  context: { cluster: nowhere, user: token }
`

async function write(content = text): Promise<string> {
  const file = join(folder, 'config')
  await writeFile(file, content)
  await writeFile(join(folder, 'admin.key'), 'KEY')
  await writeFile(join(folder, 'ca.crt'), 'CA FILE')
  await writeFile(join(folder, 'token'), 'TOKEN\n')
  return file
}

test('loadKubeconfig() reads the current context, with data in the file and beside it', async () => {
  assert.deepEqual(await loadKubeconfig(await write()), {
    server: 'https://a:6443',
    serverName: 'b',
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
    token: undefined,
  })
})

test('loadKubeconfig() reads another context', async () => {
  const { server, ca, token } = await loadKubeconfig(await write(), 'second')
  assert.deepEqual([server, ca, token], ['https://c', 'CA FILE', 'TOKEN'])
})

test('loadKubeconfig() says what is missing, and where', async () => {
  const file = await write()
  await assert.rejects(loadKubeconfig(file, 'third'), { message: `${file}: there is no context "third"` })
  await assert.rejects(loadKubeconfig(file, 'broken'), { message: `${file}: there is no cluster "nowhere"` })
  await assert.rejects(loadKubeconfig(await write('')), { message: `${file}: there is no context ""` })
})
