import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { adminToken, type TestServer, testServer } from './support/server.ts'

const run = promisify(execFile)
const binary = '/usr/bin/kubectl'
const skip = existsSync(binary) ? false : `${binary} is not installed`

let server: TestServer
let folder: string
let kubeconfig: string
before(async () => {
  server = await testServer()
  await server.server.ready
  folder = await mkdtemp(join(tmpdir(), 'kobune-test-'))
  kubeconfig = join(folder, 'config')
  const cluster = { server: server.url, 'certificate-authority-data': Buffer.from(server.ca).toString('base64') }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token: adminToken } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  }
  await writeFile(kubeconfig, JSON.stringify(config))
})
after(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

async function kubectl(...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder }
  const { stdout } = await run(binary, args, { env, timeout: 20_000 })
  return stdout.trim()
}

test('kubectl creates what it sends as protobuf', { skip }, async () => {
  await kubectl('create', 'namespace', 'proto')
  await kubectl('create', 'configmap', 'a', '--from-literal=x=y', '-n', 'proto')
  assert.equal(await kubectl('get', 'cm', 'a', '-n', 'proto', '-o', 'jsonpath={.data.x}'), 'y')
  await kubectl('create', 'deployment', 'd', '--image=nginx:1', '--replicas=3', '--port=80', '-n', 'proto')
  const spec = '{.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}'
  assert.equal(await kubectl('get', 'deploy', 'd', '-n', 'proto', '-o', `jsonpath=${spec}`), '3 80')
  await kubectl('create', 'service', 'nodeport', 's', '--tcp=80:8080', '-n', 'proto')
  assert.equal(await kubectl('get', 'svc', 's', '-n', 'proto', '-o', 'jsonpath={.spec.ports[0].targetPort}'), '8080')
  assert.equal(await kubectl('auth', 'can-i', 'list', 'pods'), 'yes')
  await kubectl('create', 'job', 'j', '--image=x', '-n', 'proto')
  await kubectl('create', 'clusterrole', 'r', '--verb=get,list', '--resource=pods')
})

test('kubectl applies, shows, changes and deletes', { skip }, async () => {
  const manifest = join(folder, 'pod.yaml')
  const labels = 'metadata: {name: web, labels: {app: web}}'
  await writeFile(manifest, `apiVersion: v1\nkind: Pod\n${labels}\nspec: {containers: [{name: c, image: "nginx:1"}]}\n`)
  assert.equal(await kubectl('apply', '-f', manifest), 'pod/web created')
  assert.equal(await kubectl('apply', '-f', manifest), 'pod/web unchanged')
  assert.equal(await kubectl('diff', '-f', manifest), '')
  await writeFile(manifest, `apiVersion: v1\nkind: Pod\n${labels}\nspec: {containers: [{name: c, image: "nginx:2"}]}\n`)
  assert.equal(await kubectl('apply', '-f', manifest), 'pod/web configured')
  assert.match(await kubectl('get', 'pods', '-l', 'app=web'), /^NAME .*\nweb /)
  assert.equal(await kubectl('label', 'pod', 'web', 'x=y'), 'pod/web labeled')
  assert.match(await kubectl('explain', 'pod.spec.containers.image'), /FIELD: image <string>/)
  assert.match(await kubectl('api-resources', '--api-group=apps'), /deployments +deploy +apps\/v1/)
  assert.equal(await kubectl('delete', 'pod', 'web', '--wait=true'), 'pod "web" deleted')
  await assert.rejects(kubectl('get', 'pod', 'web'), /pods "web" not found/)
  assert.match(await kubectl('version'), /Server Version: v1\.36\.0\+kobune/)
})

test('an informer of @kubernetes/client-node sees objects come and go', async () => {
  const { CoreV1Api, KubeConfig, makeInformer } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const core = config.makeApiClient(CoreV1Api)
  const namespace = 'default'
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
    core.listNamespacedConfigMap({ namespace }),
  )
  const seen: string[] = []
  const gone = new Promise<void>(resolve => {
    informer.on('add', map => seen.push(`add ${map.metadata?.name}`))
    informer.on('update', map => seen.push(`update ${map.data?.a}`))
    informer.on('delete', map => {
      seen.push(`delete ${map.metadata?.name}`)
      resolve()
    })
  })
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'first' } } })
  await informer.start()
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'second' }, data: { a: '1' } } })
  await core.replaceNamespacedConfigMap({
    namespace,
    name: 'second',
    body: { metadata: { name: 'second' }, data: { a: '2' } },
  })
  await core.deleteNamespacedConfigMap({ namespace, name: 'second' })
  await gone
  await informer.stop()
  assert.deepEqual(seen, ['add first', 'add second', 'update 2', 'delete second'])
})
