import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { connect as netConnect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { Attach, Exec, KubeConfig, Log, PortForward } from '@kubernetes/client-node'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { logger } from '../../base/log.ts'
import { spdyUpgrade } from '../../base/spdy/upgrade.ts'
import { createClient } from '../../client/client.ts'
import { ensurePki } from '../../pki/ensure-pki.ts'
import { MemoryFiles } from '../../pki/files.ts'
import { memoryStorage } from '../../storage/memory/memory.ts'
import { type ApiServer, startApiServer } from '../api-server.ts'
import { mockKubelet } from '../testdata/mock-kubelet.ts'
import { createConnect } from './handlers.ts'

const admin = { name: 'admin', groups: ['system:masters'] }
const config = new KubeConfig()
let server: ApiServer
let kubelet: Awaited<ReturnType<typeof mockKubelet>>
let ca = ''
let stop: () => Promise<void>

before(async () => {
  const files = new MemoryFiles()
  await ensurePki(
    '/pki',
    { nodeName: 'n1', advertiseAddress: '127.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'cluster.local' },
    { files },
  )
  const pem = async (name: string) => String(await files.read(`/pki/${name}`))
  ca = await pem('ca.crt')
  const tls = { cert: await pem('apiserver.crt'), key: await pem('apiserver.key') }
  kubelet = await mockKubelet({ ...tls, ca })
  const cert = await pem('apiserver-kubelet-client.crt')
  const key = await pem('apiserver-kubelet-client.key')
  const storage = memoryStorage()
  let connections: ReturnType<typeof createConnect>
  const log = logger('test')
  log.level = 'fatal'
  server = await startApiServer({
    storage,
    security: lister => {
      connections = createConnect(lister, { cert, key, ca })
      return {
        authenticator: {
          authenticate: async ({ headers }) => (headers.authorization === 'Bearer t' ? admin : undefined),
        },
        authorizer: { authorize: ({ user }) => ({ allowed: user === admin, reason: '' }) },
        connect: connections.handlers,
      }
    },
    tls: { ...tls, clientCA: ca },
    bindAddress: '127.0.0.1',
    port: 0,
    log,
  })
  await server.ready
  const client = createClient(server.localTransport(admin))
  await client.create(nodes, { metadata: { name: 'n1' } })
  await client.patch(
    nodes,
    { name: 'n1' },
    {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
      },
    },
    { subresource: 'status' },
  )
  const create = (name: string, nodeName: string | undefined, ...containers: readonly string[]) =>
    client.create(pods, {
      metadata: { name, namespace: 'default' },
      spec: { ...(nodeName && { nodeName }), containers: containers.map(one => ({ name: one, image: 'i' })) },
    })
  await create('p', 'n1', 'c')
  await client.patch(
    pods,
    { name: 'p', namespace: 'default' },
    { status: { phase: 'Running' } },
    { subresource: 'status' },
  )
  await create('two', 'n1', 'a', 'b')
  await create('broken', 'n1', 'c')
  await create('gone', 'n1', 'c')
  await create('waiting', undefined, 'c')
  config.loadFromOptions({
    clusters: [{ name: 'c', server: server.url, caData: Buffer.from(ca).toString('base64') }],
    users: [{ name: 'u', token: 't' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  })
  stop = async () => {
    connections.stop()
    await server.stop()
    await storage.close()
    await kubelet[Symbol.asyncDispose]()
  }
})
after(() => stop())

/** A plain request; its code, headers and text. */
function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  return new Promise<{ code: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const all = { authorization: 'Bearer t', ...headers, ...(body && { 'content-length': String(body.length) }) }
    const sent = httpsRequest(server.url + path, { method, ca, agent: false, headers: all }, async answer =>
      resolve({ code: answer.statusCode!, headers: answer.headers, text: await text(answer) }),
    )
    sent.on('error', reject).end(body)
  })
}
const pod = (name: string) => `/api/v1/namespaces/default/pods/${name}`

test('logs come from the kubelet with the options that were asked for', async () => {
  const { text: all } = await ask('GET', `${pod('p')}/log?tailLines=5&timestamps=true`)
  assert.equal(all, 'line 1\nline 2\n')
  assert.equal(kubelet.asked.at(-1), 'GET /containerLogs/default/p/c?timestamps=true&tailLines=5')
  const into = new PassThrough()
  const followed = text(into)
  await new Log(config).log('default', 'p', 'c', into, { follow: true })
  assert.equal(await followed, 'line 1\nline 2\n')
  assert.deepEqual((await ask('GET', `${pod('waiting')}/log`)).text, '')
  const message = async (path: string) => JSON.parse((await ask('GET', path)).text)
  assert.match(
    (await message(`${pod('two')}/log`)).message,
    /^a container name must be specified for pod two, choose one of: \[a b\]$/,
  )
  assert.equal((await message(`${pod('p')}/log?container=x`)).message, 'container x is not valid for pod p')
  assert.equal((await message(`${pod('p')}/log?tailLines=-1`)).reason, 'Invalid')
  const broken = await message(`${pod('broken')}/log`)
  assert.equal(broken.message, 'container "c" is waiting to start')
  assert.equal(broken.code, 400)
})

interface Ran {
  readonly out: string
  readonly err: string
  readonly status: { readonly status?: string; readonly message?: string }
}

/** What a command said, run through client-node, which speaks WebSocket. */
async function exec(words: string[], input?: string): Promise<Ran> {
  let out = ''
  let err = ''
  const into = (add: (chunk: string) => void) =>
    new Writable({
      write(chunk, _, done) {
        add(String(chunk))
        done()
      },
    })
  const stdin = input === undefined ? null : new PassThrough()
  const status = await new Promise<object>((resolve, reject) => {
    const stdout = into(chunk => (out += chunk))
    const stderr = into(chunk => (err += chunk))
    new Exec(config).exec('default', 'p', 'c', words, stdout, stderr, stdin, false, resolve).catch(reject)
    stdin?.end(input)
  })
  return { out, err, status }
}

test('exec over WebSocket carries streams, the end of the input and how it ended', async () => {
  const said = await exec(['echo', 'a b'])
  assert.equal(said.out, 'echo a b')
  assert.equal(said.status.status, 'Success')
  assert.equal(kubelet.asked.at(-1), 'POST /exec/default/p/c?output=1&error=1&command=echo&command=a+b')
  const failed = await exec(['fail'])
  assert.equal(failed.err, 'it failed\n')
  assert.equal(failed.status.message, 'command terminated with exit code 3')
  const large = 'x'.repeat(1 << 20)
  const echoed = await exec(['cat'], large)
  assert.equal(echoed.out.length, large.length)
})

test('attach over WebSocket reaches the container', async () => {
  const out = new PassThrough()
  const said = text(out)
  const socket = await new Attach(config).attach('default', 'p', 'c', out, null, null, false)
  await new Promise(resolve => socket.addEventListener('close', resolve))
  out.end()
  assert.equal(await said, '')
  assert.equal(kubelet.asked.at(-1), 'POST /attach/default/p/c?output=1')
})

/** A SPDY connection to the server, as kubectl before 1.30 makes it. */
async function spdy(path: string, protocols: readonly string[]) {
  const { hostname, port, host } = new URL(server.url)
  const socket = tlsConnect({ host: hostname, port: Number(port), ca })
  return spdyUpgrade(socket, { host, path, protocols, headers: { authorization: 'Bearer t' } })
}

test('exec over SPDY is passed through, refusals too', async () => {
  const { connection, protocol } = await spdy(`${pod('p')}/exec?command=cat&stdin=true&stdout=true`, [
    'v4.channel.k8s.io',
  ])
  assert.equal(protocol, 'v4.channel.k8s.io')
  const error = await connection.open({ streamtype: 'error' })
  const stdin = await connection.open({ streamtype: 'stdin' })
  const stdout = await connection.open({ streamtype: 'stdout' })
  stdin.end('through')
  assert.equal(await text(stdout), 'through')
  assert.match(await text(error), /Success/)
  connection.close()
  await assert.rejects(spdy(`${pod('gone')}/exec?command=cat&stdout=true`, ['v4.channel.k8s.io']), /404 no such c/)
  await assert.rejects(spdy(`${pod('p')}/exec?command=cat`, ['v4.channel.k8s.io']), /at least 1 of stdin/)
  await assert.rejects(spdy(`${pod('waiting')}/exec?stdout=1`, ['v4.channel.k8s.io']), /does not have a host assigned/)
})

test('ports are forwarded over WebSocket channels and over SPDY', async () => {
  const forward = new PortForward(config)
  const output = new PassThrough()
  const input = new PassThrough()
  const socket = await forward.portForward('default', 'p', [8080], output, null, input)
  input.write('hello')
  let said = ''
  for await (const chunk of output) {
    said += chunk
    if (said.endsWith('hello')) break
  }
  assert.equal(said, 'port 8080: hello')
  ;(socket as { close(): void }).close()
  const { connection } = await spdy(`${pod('p')}/portforward`, ['portforward.k8s.io'])
  await connection.open({ streamtype: 'error', port: '81', requestid: '0' })
  const data = await connection.open({ streamtype: 'data', port: '81', requestid: '0' })
  data.end('x')
  assert.equal(await text(data), 'port 81: x')
  connection.close()
})

const kubectl = existsSync('/usr/bin/kubectl') ? '/usr/bin/kubectl' : undefined

test('kubectl runs commands and forwards ports', {
  skip: kubectl === undefined && 'kubectl is not installed',
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-connect-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'config')
  await writeFile(file, config.exportConfig())
  const env = { ...process.env, KUBECONFIG: file, HOME: folder }
  for (const websockets of ['true', 'false']) {
    const flags = { ...env, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: websockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets }
    const run = (...args: string[]) => spawn(kubectl!, args, { env: flags, stdio: ['pipe', 'pipe', 'inherit'] })
    const cat = run('exec', '-i', 'p', '--', 'cat')
    cat.stdin.end('from kubectl')
    assert.equal(await text(cat.stdout), 'from kubectl', websockets)
    const forward = run('port-forward', 'pod/p', ':82')
    const [first] = await once(forward.stdout, 'data')
    const local = Number(/:(\d+) -> 82/.exec(String(first))?.[1])
    const socket = netConnect(local, '127.0.0.1')
    socket.end('y')
    assert.equal(await text(socket), 'port 82: y', websockets)
    forward.kill()
    await once(forward, 'exit')
  }
  assert.equal(await text(spawn(kubectl!, ['logs', 'p'], { env }).stdout), 'line 1\nline 2\n')
})

test('nodes are proxied, with their pages', async () => {
  const base = '/api/v1/nodes/n1/proxy'
  assert.equal((await ask('GET', `${base}/pods?x=1`)).text, 'line 1\nline 2\n')
  assert.equal(kubelet.asked.at(-1), 'GET /pods?x=1')
  assert.equal(
    (await ask('GET', `/api/v1/nodes/n1:${kubelet.port}/proxy/page`)).text,
    `<a href="/api/v1/nodes/n1:${kubelet.port}/proxy/rewriteme">test</a>`,
  )
  const posted = await ask('POST', `${base}/run/x`, 'body', { 'x-mine': 'yes', 'x-remote-user': 'root' })
  assert.equal(posted.text, 'got body yes')
  const redirected = await ask('GET', base)
  assert.equal(redirected.code, 301)
  assert.equal(redirected.headers.location, `${base}/`)
  const refused = await ask('GET', '/api/v1/nodes/n1:80/proxy/')
  assert.match(refused.text, /address not allowed/)
})
