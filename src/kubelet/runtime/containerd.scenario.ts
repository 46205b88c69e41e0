/** What containerd.test.ts runs inside a machine of its own (src/host/testdata/machine.sh): a pod's whole life. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { spdyUpgrade } from '../../base/spdy/upgrade.ts'
import { type Host, linuxHost } from '../../host/host.ts'
import { type Cri, criClient } from '../cri/cri.ts'
import { type ContainerEvent, containerEvents } from '../cri/events.ts'
import type { ContainerConfig, PodSandboxConfig } from '../cri/types.ts'
import { setUpCni } from './cni.ts'
import { startContainerd } from './containerd.ts'
import { ensurePause, importImage } from './oci/import.ts'
import { type Entry, packImage } from './oci/pack.ts'

const host = linuxHost
const image = 'docker.io/library/busybox:1.36'
const started = performance.now()

try {
  await main(process.argv[2]!)
} catch (error) {
  console.log(await host.files.readIfThere('/run/kobune/containerd/containerd.log'))
  throw error
}
console.log('scenario passed')
process.exit(0)

async function main(folder: string): Promise<void> {
  const containerd = await startContainerd(host)
  step(`containerd ${containerd.version.text} answers`)
  const again = await startContainerd(host)
  assert.equal(again.adopted, true)
  const cri = criClient({ socket: containerd.socket })
  await setUpCni(host, { podCidrs: ['10.244.7.0/24'], mtu: 1450 })
  await ensurePause(host, cri, folder)
  await importBusybox(host, cri, folder)
  step('images are in')
  await podLife(cri, folder)
  step('pod is gone')
  cri.close()
  await containerd.stop()
  assert.equal(await containerd.runs(), false)
  step('containerd stopped')
}

function step(what: string): void {
  console.log(`${Math.round(performance.now() - started)} ms: ${what}`)
}

async function importBusybox(machine: Host, cri: Cri, folder: string): Promise<void> {
  const file = (await machine.processes.find('busybox'))!
  const applets = ['sh', 'cat', 'echo', 'sleep', 'nc', 'wc', 'httpd', 'id']
  const entries: Entry[] = [
    { type: 'directory', path: 'bin' },
    { type: 'file', path: 'bin/busybox', mode: 0o755, content: { file } },
    ...applets.map(name => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' }) as const),
    { type: 'directory', path: 'tmp', mode: 0o1777 },
  ]
  const out = join(folder, 'busybox.tar')
  await packImage({ name: image, out, entries, config: { Cmd: ['sh'], Env: ['PATH=/bin'] } })
  assert.deepEqual(await importImage(machine, cri.socket, out), [image])
  assert.ok(await cri.imageStatus(image))
  assert.equal(await cri.imageStatus('docker.io/library/nothing:1'), undefined)
}

async function podLife(cri: Cri, folder: string): Promise<void> {
  const cgroups = await host.cgroups()
  const pod = '/kubepods/burstable/podu1'
  await cgroups.create(pod, { cpuShares: 102, memoryLimit: 128 << 20, pidsLimit: 100 })
  const logDirectory = join(folder, 'logs')
  await host.files.makeDirectory(logDirectory)
  const stop = new AbortController()
  const events: ContainerEvent[] = []
  const watching = collect(containerEvents(cri, stop.signal), events)

  const sandboxConfig: PodSandboxConfig = {
    metadata: { name: 'web', uid: 'u1', namespace: 'default', attempt: 0 },
    hostname: 'web',
    logDirectory,
    labels: { app: 'web' },
    linux: { cgroupParent: pod, securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
  }
  const sandbox = await cri.runPodSandbox(sandboxConfig)
  const { status } = await cri.podSandboxStatus(sandbox)
  assert.equal(status.state, 'SANDBOX_READY')
  assert.match(status.network!.ip, /^10\.244\.7\.\d+$/)
  step('sandbox runs')

  const script = 'echo hello $GREETING; while :; do printf "HTTP/1.0 200 OK\\r\\n\\r\\nhi" | nc -l -p 8080; done'
  const config: ContainerConfig = {
    metadata: { name: 'main', attempt: 0 },
    image: { image },
    command: ['sh', '-c', script],
    envs: [{ key: 'GREETING', value: 'wörld' }],
    logPath: 'main.log',
    labels: { app: 'web' },
    linux: { resources: { memoryLimitInBytes: 64 << 20 }, securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
  }
  const container = await cri.createContainer(sandbox, config, sandboxConfig)
  await cri.startContainer(container)
  step('container runs')
  assert.equal((await cri.containerStatus(container)).status.state, 'CONTAINER_RUNNING')
  const filtered = await cri.listContainers({ state: 'CONTAINER_RUNNING', labelSelector: { app: 'web' } })
  assert.deepEqual(
    filtered.map(c => c.id),
    [container],
  )
  assert.deepEqual(await cri.listPodSandbox({ state: 'SANDBOX_NOTREADY' }), [])

  const sync = await cri.execSync(container, ['sh', '-c', 'echo out; echo err >&2; exit 3'])
  assert.equal(`${Buffer.from(sync.stdout)}${Buffer.from(sync.stderr)}${sync.exitCode}`, 'out\nerr\n3')
  await assert.rejects(cri.execSync('nope', ['true']), { name: 'CriError', code: 'NOT_FOUND', method: 'ExecSync' })
  await execThroughSpdy(cri, container)
  step('exec works')
  await forwardPort(cri, sandbox)
  step('streams work')

  const log = await until(
    () => host.files.readIfThere(join(logDirectory, 'main.log')),
    text => text?.includes('\n'),
  )
  assert.match(log!, /^\S+Z stdout F hello wörld\n/)
  const stats = await cri.containerStats(container)
  assert.ok(stats.memory!.workingSetBytes!.value > 0)
  const usage = await cgroups.usage(pod)
  assert.ok(usage.pids > 0 && usage.cpuNanoseconds > 0 && usage.memoryLimit === 128 << 20, JSON.stringify(usage))
  assert.ok((await cri.imageFsInfo()).imageFilesystems.length > 0)

  await cri.stopContainer(container, 1)
  const ended = (await cri.containerStatus(container)).status
  assert.equal(ended.state, 'CONTAINER_EXITED')
  assert.ok(ended.finishedAt > ended.startedAt)
  await until(
    async () => events,
    all => all.some(e => e.containerId === container && e.type === 'stopped'),
  )
  assert.ok(events.some(e => e.containerId === container && e.type === 'started'))
  stop.abort()
  await watching
  await cri.removeContainer(container)
  await cri.stopPodSandbox(sandbox)
  await cri.removePodSandbox(sandbox)
  assert.deepEqual(await cri.listPodSandbox(), [])
  await cgroups.remove(pod)
  await cgroups.remove('/kubepods')
  for (const hierarchy of await host.files.list('/sys/fs/cgroup')) {
    assert.equal(await host.files.exists(`/sys/fs/cgroup/${hierarchy}/kubepods`), false, hierarchy)
  }
}

async function collect<T>(source: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const each of source) into.push(each)
}

async function until<T>(read: () => Promise<T>, good: (value: T) => boolean | undefined): Promise<T> {
  for (const end = Date.now() + 10_000; ; await new Promise(resolve => setTimeout(resolve, 10))) {
    const value = await read()
    if (good(value)) return value
    if (Date.now() > end) assert.fail(`never came: ${JSON.stringify(value)}`)
  }
}

async function execThroughSpdy(cri: Cri, container: string): Promise<void> {
  const cmd = ['sh', '-c', 'echo before; wc -c; echo oops >&2; exit 7']
  const url = await cri.exec({ containerId: container, cmd, stdin: true, stdout: true, stderr: true })
  const { connection, protocol } = await upgrade(url, 'v4.channel.k8s.io')
  assert.equal(protocol, 'v4.channel.k8s.io')
  const open = (streamtype: string) => connection.open({ streamtype })
  const error = await open('error')
  const stdin = await open('stdin')
  const stdout = await open('stdout')
  const stderr = await open('stderr')
  stdin.end(Buffer.alloc(300_000, 'x'))
  const [out, err, status] = await Promise.all([text(stdout), text(stderr), text(error)])
  assert.equal(out, 'before\n300000\n')
  assert.equal(err, 'oops\n')
  assert.deepEqual(JSON.parse(status).details.causes, [{ reason: 'ExitCode', message: '7' }])
  connection.close()
}

async function forwardPort(cri: Cri, sandbox: string): Promise<void> {
  const { connection } = await upgrade(await cri.portForward(sandbox, [8080]), 'portforward.k8s.io')
  const headers = { port: '8080', requestid: '0' }
  const error = await connection.open({ ...headers, streamtype: 'error' })
  error.end()
  const data = await connection.open({ ...headers, streamtype: 'data' })
  data.write('GET / HTTP/1.0\r\n\r\n')
  assert.match(String(await buffer(data)), /hi$/)
  connection.close()
}

async function upgrade(url: string, protocol: string) {
  const { hostname, port, pathname, search } = new URL(url)
  const socket = connect(Number(port), hostname)
  return spdyUpgrade(socket, { host: `${hostname}:${port}`, path: pathname + search, protocols: [protocol] })
}
