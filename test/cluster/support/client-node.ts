/** What a program does with `@kubernetes/client-node`; prints one line of JSON. usage: client-node.ts KUBECONFIG POD */
import { PassThrough, Readable } from 'node:stream'
import {
  Attach,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
  Watch,
} from '@kubernetes/client-node'

const [kubeconfig = '', pod = ''] = process.argv.slice(2)
const namespace = 'default'
const config = new KubeConfig()
config.loadFromFile(kubeconfig)
const core = config.makeApiClient(CoreV1Api)

function collected(stream: PassThrough): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (more: string) => (text += more))
  return () => text
}

async function exec(command: readonly string[], input?: string): Promise<{ status: V1Status; stdout: string }> {
  const stdout = new PassThrough()
  const text = collected(stdout)
  const stdin = input === undefined ? null : Readable.from([input])
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, pod, pod, [...command], stdout, new PassThrough(), stdin, false, resolve)
      .catch(reject)
  })
  return { status, stdout: text() }
}

async function watched(): Promise<readonly string[]> {
  const seen: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const query = {
    fieldSelector: 'metadata.name=noted',
    resourceVersion: (await core.listNamespacedConfigMap({ namespace })).metadata?.resourceVersion,
  }
  const controller = await new Watch(config).watch(
    path,
    query,
    (type: string) => {
      seen.push(type)
      if (type === 'DELETED') resolve()
    },
    error => error && reject(error),
  )
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'noted' }, data: { a: '1' } } })
  await core.patchNamespacedConfigMap(
    { namespace, name: 'noted', body: { data: { b: '2' } } },
    setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
  )
  await core.deleteNamespacedConfigMap({ namespace, name: 'noted' })
  await promise
  controller.abort()
  return seen
}

async function informed(): Promise<string> {
  const list = () => core.listNamespacedConfigMap({ namespace })
  const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, list)
  const { promise, resolve } = Promise.withResolvers<string>()
  informer.on('add', object => resolve(object.metadata?.name ?? ''))
  await informer.start()
  const name = await promise
  await informer.stop()
  return name
}

async function logged(): Promise<string> {
  const stream = new PassThrough()
  const { promise, resolve } = Promise.withResolvers<void>()
  const text = collected(stream)
  stream.on('data', resolve)
  // Never aborted: the client turns that into an error that nobody can catch.
  await new Log(config).log(namespace, pod, pod, stream, { follow: true, tailLines: 1 })
  await promise
  return text()
}

async function attached(): Promise<string> {
  const stdout = new PassThrough()
  const stdin = new PassThrough()
  const { promise, resolve } = Promise.withResolvers<void>()
  const text = collected(stdout)
  stdout.on('data', () => text().includes('heard client-node') && resolve())
  const socket = await new Attach(config).attach(namespace, pod, pod, stdout, null, stdin, false)
  stdin.write('client-node\n')
  await promise
  socket.close()
  return text().trim()
}

const result = {
  echo: (await exec(['echo', 'hello'])).stdout,
  code: (await exec(['sh', '-c', 'exit 7'])).status.details?.causes?.[0]?.message,
  watched: await watched(),
  informed: await informed(),
  logged: await logged(),
  attached: await attached(),
}
console.log(JSON.stringify(result))
process.exit(0)
