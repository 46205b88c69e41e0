/** What kubelet.test.ts runs inside a machine of its own: an API server in memory, containerd, and the kubelet. */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as tlsConnect } from 'node:tls'
import { configMaps } from '../../src/api/core/v1/config-map.ts'
import { events } from '../../src/api/core/v1/event.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { serviceAccounts } from '../../src/api/core/v1/service-account.ts'
import { startApiServer } from '../../src/apiserver/api-server.ts'
import { spdyUpgrade } from '../../src/base/spdy/upgrade.ts'
import { type Client, createClient } from '../../src/client/client.ts'
import { linuxHost } from '../../src/host/host.ts'
import { type Cri, criClient } from '../../src/kubelet/cri/cri.ts'
import { startKubelet } from '../../src/kubelet/kubelet.ts'
import { setUpCni } from '../../src/kubelet/runtime/cni.ts'
import { startContainerd } from '../../src/kubelet/runtime/containerd.ts'
import { ensurePause, importImage } from '../../src/kubelet/runtime/oci/import.ts'
import { type Entry, packImage } from '../../src/kubelet/runtime/oci/pack.ts'
import { ensurePki } from '../../src/pki/ensure-pki.ts'
import { MemoryFiles } from '../../src/pki/files.ts'
import { memoryStorage } from '../../src/storage/memory/memory.ts'

const host = linuxHost
const image = 'docker.io/library/busybox:1.36'
const began = performance.now()
const step = (what: string) => console.log(`${Math.round(performance.now() - began)} ms: ${what}`)

try {
  await main(process.argv[2]!)
  console.log('scenario passed')
  process.exit(0)
} catch (error) {
  console.log(error)
  process.exit(1)
}

interface Machine {
  readonly client: Client
  readonly cri: Cri
  readonly tls: {
    readonly cert: string
    readonly key: string
    readonly ca: string
    readonly clientCert: string
    readonly clientKey: string
  }
}

async function main(folder: string): Promise<void> {
  const containerd = await startContainerd(host)
  const cri = criClient({ socket: containerd.socket })
  await setUpCni(host, { podCidrs: ['10.244.7.0/24'], mtu: 1450 })
  await ensurePause(host, cri, folder)
  await importBusybox(cri, folder)
  step('containerd has images')
  const server = await startApiServer({
    storage: memoryStorage(),
    security: () => ({
      authenticator: { authenticate: async () => undefined },
      authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    }),
    signToken: request => ({
      token: `token of ${request.pod?.name}`,
      claims: { iat: Date.now() / 1000, exp: Date.now() / 1000 + request.expiresIn } as never,
    }),
    tls: null,
  })
  await server.ready
  const client = createClient(server.localTransport({ name: 'admin', groups: ['system:masters'] }))
  for (const name of ['default', 'kube-node-lease']) {
    await client.create(namespaces, { metadata: { name } }).catch(() => {})
  }
  const machine = { client, cri, tls: await certificates() }
  const start = () =>
    startKubelet({
      client,
      host,
      cri,
      nodeName: 'n1',
      nodeAddress: '10.244.7.1',
      clusterDns: ['10.96.0.10'],
      manifestsDir: join(folder, 'manifests'),
      tls: machine.tls,
      apiClientCa: machine.tls.ca,
      port: 10250,
      podLogsDir: join(folder, 'logs'),
    })
  const kubelet = await start()
  await kubelet.ready
  step('kubelet is ready')
  const node = await client.get(nodes, { name: 'n1' })
  assert.ok(node.status.conditions?.some(c => c.type === 'Ready' && c.status === 'True'))
  const parts = [
    plain,
    completes,
    crashes,
    initAndSidecar,
    dataVolumes,
    probed,
    missingThings,
    hostNetwork,
    streams,
    endings,
    tokens,
    many,
    resized,
  ]
  const only = process.env.ONLY
  for (const part of parts.filter(p => !only || only.split(',').includes(p.name))) {
    await part(machine).catch(async error => {
      const told = await client.list(events, { namespace: 'default' })
      for (const e of told.items.slice(-20)) console.log(e.involvedObject.name, e.reason, e.message)
      throw error
    })
    step(`${part.name} passed`)
  }
  if (!only || only.includes('static')) await staticPod(machine, join(folder, 'manifests'))
  step('static pod passed')
  await survives(machine, kubelet.stop, start)
  step('pods survived the kubelet')
  console.log(`memory: ${Math.round(process.memoryUsage().rss / 1e6)} MB with the API server`)
}

async function plain({ client }: Machine): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < 3; i++) {
    const start = performance.now()
    const script = 'echo $(GREETING) $IP; cat /etc/hosts /etc/resolv.conf; env; sleep 1000'
    const env = [
      { name: 'GREETING', value: 'hello' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    ]
    const key = await create(client, `plain${i}`, {
      containers: [{ ...busybox(script), env, resources: { limits: { memory: '64Mi', cpu: '100m' } } }],
    })
    const pod = await until(
      () => client.get(pods, key),
      p => p.status.phase === 'Running',
    )
    times.push(Math.round(performance.now() - start))
    assert.match(pod.status.podIP ?? '', /^10\.244\.7\./)
    assert.equal(pod.status.qosClass, 'Guaranteed')
    assert.equal(pod.status.conditions?.find(c => c.type === 'Ready')?.status, 'True')
    if (i === 0) {
      const log = await until(
        () => logsOf(pod),
        found => found.includes('LIMIT='),
      )
      assert.match(log, /hello 10\.244\.7\.\d+/)
      assert.match(log, /Kubernetes-managed hosts file/)
      assert.match(log, /search default\.svc\.cluster\.local svc\.cluster\.local/)
      assert.match(log, /LIMIT=64/)
    }
    await client.delete(pods, key)
    await gone(client, key)
  }
  step(`create to Running: ${times.join(', ')} ms`)
  const told = (await client.list(events, { namespace: 'default' })).items.filter(
    e => e.involvedObject.name === 'plain0',
  )
  const reasons = told.map(e => e.reason)
  for (const reason of ['Pulled', 'Created', 'Started', 'Killing']) assert.ok(reasons.includes(reason), reasons.join())
}

async function completes({ client }: Machine): Promise<void> {
  const good = await create(client, 'good', {
    restartPolicy: 'Never',
    containers: [busybox('echo -n done > /dev/termination-log')],
  })
  const bad = await create(client, 'bad', {
    restartPolicy: 'Never',
    containers: [{ ...busybox('echo oops; exit 3'), terminationMessagePolicy: 'FallbackToLogsOnError' }],
  })
  const ended = await until(
    () => client.get(pods, good),
    p => p.status.phase === 'Succeeded',
  )
  assert.equal(ended.status.containerStatuses?.[0]?.state?.terminated?.message, 'done')
  const failed = await until(
    () => client.get(pods, bad),
    p => p.status.phase === 'Failed',
  )
  const { exitCode, message, reason } = failed.status.containerStatuses![0]!.state!.terminated!
  assert.deepEqual({ exitCode, message, reason }, { exitCode: 3, message: 'oops\n', reason: 'Error' })
  await remove(client, good, bad)
}

async function crashes({ client }: Machine): Promise<void> {
  const key = await create(client, 'crash', { containers: [busybox('exit 1')] })
  const pod = await until(
    () => client.get(pods, key),
    p => p.status.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  const [status] = pod.status.containerStatuses!
  assert.equal(status!.restartCount, 1)
  assert.equal(status!.lastState?.terminated?.exitCode, 1)
  assert.match(status!.state!.waiting!.message!, /^back-off 10s restarting failed container=main pod=crash_default\(/)
  assert.equal(pod.status.phase, 'Running')
  await remove(client, key)
}

async function initAndSidecar({ client }: Machine): Promise<void> {
  const shared = { name: 'shared', mountPath: '/shared' }
  const key = await create(client, 'init', {
    restartPolicy: 'Never',
    volumes: [{ name: 'shared', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }],
    initContainers: [
      { ...busybox('echo one > /shared/log', 'first'), volumeMounts: [shared] },
      {
        ...busybox('echo side >> /shared/log; sleep 1000', 'side'),
        restartPolicy: 'Always',
        volumeMounts: [shared],
        startupProbe: { exec: { command: ['cat', '/shared/log'] }, periodSeconds: 1 },
      },
      { ...busybox('echo two >> /shared/log', 'second'), volumeMounts: [shared] },
    ],
    containers: [{ ...busybox('cat /shared/log > /dev/termination-log'), volumeMounts: [shared] }],
  })
  const pod = await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Succeeded',
  )
  assert.equal(pod.status.containerStatuses?.[0]?.state?.terminated?.message, 'one\nside\ntwo\n')
  assert.ok(pod.status.initContainerStatuses?.[1]?.state?.terminated, 'the sidecar was ended')
  await remove(client, key)
}

async function dataVolumes({ client }: Machine): Promise<void> {
  await client.create(configMaps, { metadata: { name: 'conf', namespace: 'default' }, data: { a: '1', b: '2' } })
  await client.create(secrets, {
    metadata: { name: 'sec', namespace: 'default' },
    data: { pw: Buffer.from('geheim').toString('base64') },
  })
  const script =
    'cat /conf/a /sec/pw /one /labels; ls -ln /sec/..data/; echo $FROM_b; while ! grep -q new /conf/a; do sleep 0.1; done; echo refreshed; sleep 1000'
  const key = await create(client, 'data', {
    securityContext: { fsGroup: 2000, runAsUser: 1000 },
    volumes: [
      { name: 'conf', configMap: { name: 'conf' } },
      { name: 'sec', projected: { sources: [{ secret: { name: 'sec' } }], defaultMode: 0o400 } },
      { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: "metadata.labels['app']" } }] } },
    ],
    containers: [
      {
        ...busybox(script),
        envFrom: [{ prefix: 'FROM_', configMapRef: { name: 'conf' } }],
        volumeMounts: [
          { name: 'conf', mountPath: '/conf' },
          { name: 'sec', mountPath: '/sec', readOnly: true },
          { name: 'conf', mountPath: '/one', subPath: 'b' },
          { name: 'down', mountPath: '/labels', subPath: 'labels' },
        ],
      },
    ],
  })
  const pod = await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Running',
  )
  await until(
    () => logsOf(pod),
    log => /1geheim2data/.test(log) && /\n2\n/.test(log) && / 2000 .* pw/.test(log),
  )
  await client.patch(configMaps, { name: 'conf', namespace: 'default' }, { data: { a: 'new' } })
  await until(
    () => logsOf(pod),
    log => log.includes('refreshed'),
  )
  await remove(client, key)
  await until(
    () => host.mounts.list(),
    mounts => !mounts.some(m => m.target.includes(pod.metadata.uid)),
  )
  assert.equal(await host.files.exists(`/var/lib/kubelet/pods/${pod.metadata.uid}`), false)
  assert.equal(await (await host.cgroups()).exists(`/kubepods/besteffort/pod${pod.metadata.uid}`), false)
}

async function probed({ client }: Machine): Promise<void> {
  const web = 'echo ok > /tmp/index.html; httpd -p 8080 -h /tmp; sleep 1; touch /tmp/ready; sleep 1000'
  const key = await create(client, 'probed', {
    containers: [
      {
        ...busybox(web),
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, periodSeconds: 1 },
        livenessProbe: {
          httpGet: { port: 'http', path: '/index.html' },
          periodSeconds: 1,
          failureThreshold: 1,
          initialDelaySeconds: 1,
        },
        lifecycle: {
          postStart: { exec: { command: ['touch', '/tmp/hooked'] } },
          preStop: { exec: { command: ['true'] } },
        },
      },
    ],
  })
  const early = await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Running',
  )
  assert.equal(early.status.containerStatuses?.[0]?.ready, false)
  await until(
    () => client.get(pods, key),
    p => p.status.containerStatuses?.[0]?.ready,
  )
  const sick = await create(client, 'sick', {
    containers: [
      { ...busybox('sleep 1000'), livenessProbe: { tcpSocket: { port: 9 }, periodSeconds: 1, failureThreshold: 1 } },
    ],
  })
  await until(
    () => client.get(pods, sick),
    p => p.status.containerStatuses?.[0]?.restartCount === 1,
  )
  const told = (await client.list(events, { namespace: 'default' })).items.filter(e => e.involvedObject.name === 'sick')
  assert.ok(
    told.some(e => /^Liveness probe failed: dial tcp 10.*:9: connect: connection refused$/.test(e.message ?? '')),
  )
  assert.ok(told.some(e => e.message === 'Container main failed liveness probe, will be restarted'))
  await remove(client, key, sick)
}

async function missingThings({ client }: Machine): Promise<void> {
  const image_ = await create(client, 'noimage', {
    containers: [{ ...busybox('true'), image: 'docker.io/library/none:1', imagePullPolicy: 'Never' }],
  })
  const config = await create(client, 'noconfig', {
    containers: [{ ...busybox('sleep 1000'), envFrom: [{ configMapRef: { name: 'later' } }] }],
  })
  const refused = await create(client, 'large', {
    containers: [{ ...busybox('true'), resources: { requests: { cpu: '1000' } } }],
  })
  const waits = (reason: string) => (p: Pod) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === reason
  await until(() => client.get(pods, image_), waits('ErrImageNeverPull'))
  await until(() => client.get(pods, config), waits('CreateContainerConfigError'))
  const failed = await until(
    () => client.get(pods, refused),
    p => p.status.phase === 'Failed',
  )
  assert.equal(failed.status.reason, 'OutOfcpu')
  await client.create(configMaps, { metadata: { name: 'later', namespace: 'default' }, data: { x: '1' } })
  await until(
    () => client.get(pods, config),
    p => p.status.phase === 'Running',
  )
  await remove(client, image_, config, refused)
}

async function hostNetwork({ client }: Machine): Promise<void> {
  const key = await create(client, 'host', { hostNetwork: true, containers: [busybox('hostname; sleep 1000')] })
  const pod = await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Running',
  )
  assert.equal(pod.status.podIP, '10.244.7.1')
  await remove(client, key)
}

async function streams({ client, tls }: Machine): Promise<void> {
  const key = await create(client, 'streams', {
    containers: [busybox('echo first; echo second; sleep 0.3; echo third; sleep 1000')],
  })
  await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Running',
  )
  const ask = (path: string, who: object = { cert: tls.clientCert, key: tls.clientKey }) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: 10250,
        path,
        ca: tls.ca,
        servername: 'localhost',
        rejectUnauthorized: false,
        agent: false,
        ...who,
      }
      request(options, async answer => resolve({ status: answer.statusCode!, body: await text(answer) }))
        .on('error', reject)
        .end()
    })
  assert.equal((await ask('/pods', {})).status, 401)
  assert.equal((await ask('/healthz')).body, 'ok')
  const log = '/containerLogs/default/streams/main'
  await until(
    () => ask(log),
    answer => answer.body === 'first\nsecond\nthird\n',
  )
  assert.equal((await ask(`${log}?tailLines=1`)).body, 'third\n')
  assert.match((await ask(`${log}?tailLines=1&timestamps=true`)).body, /^\S+Z third\n$/)
  assert.match((await ask('/stats/summary')).body, /"nodeName":"n1"/)
  assert.match(
    (await ask('/metrics/resource')).body,
    /pod_cpu_usage_seconds_total\{namespace="default",pod="streams"\}/,
  )
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: 10250,
    cert: tls.clientCert,
    key: tls.clientKey,
    rejectUnauthorized: false,
  })
  const path = '/exec/default/streams/main?output=1&error=1&command=echo&command=hi'
  const { connection } = await spdyUpgrade(socket, { host: '127.0.0.1', path, protocols: ['v4.channel.k8s.io'] })
  const error = await connection.open({ streamtype: 'error' })
  const stdout = await connection.open({ streamtype: 'stdout' })
  const stderr = await connection.open({ streamtype: 'stderr' })
  const [out, , status] = await Promise.all([text(stdout), text(stderr), text(error)])
  assert.equal(out, 'hi\n')
  assert.equal(JSON.parse(status).status, 'Success')
  connection.close()
  await remove(client, key)
}

async function endings({ client }: Machine): Promise<void> {
  const bye = join(process.argv[2]!, 'bye')
  const mount = { name: 'out', mountPath: '/out' }
  const volumes = [{ name: 'out', hostPath: { path: bye, type: 'DirectoryOrCreate' } }]
  const script = 'trap "echo term >> /out/log; exit 0" TERM; while :; do sleep 0.05; done'
  const preStop = { exec: { command: ['sh', '-c', 'echo hook >> /out/log'] } }
  const polite = await create(client, 'polite', {
    terminationGracePeriodSeconds: 30,
    volumes,
    containers: [{ ...busybox(script), volumeMounts: [mount], lifecycle: { preStop } }],
  })
  const stubborn = await create(client, 'stubborn', {
    terminationGracePeriodSeconds: 300,
    containers: [busybox('trap "" TERM; while :; do sleep 1; done')],
  })
  const late = await create(client, 'late', { activeDeadlineSeconds: 1, containers: [busybox('exec sleep 1000')] })
  const broken = await create(client, 'broken', { containers: [{ name: 'main', image, command: ['/nothing'] }] })
  for (const key of [polite, stubborn])
    await until(
      () => client.get(pods, key),
      p => p.status.phase === 'Running',
    )
  const start = performance.now()
  await remove(client, polite)
  assert.equal(await host.files.read(join(bye, 'log')), 'hook\nterm\n')
  assert.ok(performance.now() - start < 5_000, 'a container that ends by itself is not waited for')
  await client.delete(pods, stubborn)
  const ending = await client.get(pods, stubborn)
  assert.equal(ending.metadata.deletionGracePeriodSeconds, 300)
  await client.delete(pods, stubborn, { gracePeriodSeconds: 1 })
  await gone(client, stubborn)
  const failed = await until(
    () => client.get(pods, late),
    p => p.status.phase === 'Failed',
  )
  assert.equal(failed.status.reason, 'DeadlineExceeded')
  const refused = await until(
    () => client.get(pods, broken),
    p =>
      p.status.containerStatuses?.[0]?.state?.waiting !== undefined &&
      p.status.containerStatuses[0].state.waiting.reason !== 'ContainerCreating',
  )
  assert.equal(refused.status.containerStatuses![0]!.state!.waiting!.reason, 'RunContainerError')
  await remove(client, late, broken)
}

async function tokens({ client }: Machine): Promise<void> {
  await client.create(serviceAccounts, { metadata: { name: 'default', namespace: 'default' } }).catch(() => {})
  const sources = [
    { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
  ]
  const key = await create(client, 'tokens', {
    restartPolicy: 'Never',
    serviceAccountName: 'default',
    volumes: [{ name: 'sa', projected: { sources } }],
    containers: [
      {
        ...busybox('cat /sa/token /sa/namespace > /dev/termination-log'),
        volumeMounts: [{ name: 'sa', mountPath: '/sa' }],
      },
    ],
  })
  const pod = await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Succeeded',
  )
  assert.equal(pod.status.containerStatuses?.[0]?.state?.terminated?.message, 'token of tokensdefault')
  await remove(client, key)
}

async function many({ client }: Machine): Promise<void> {
  const start = performance.now()
  const names = Array.from({ length: 20 }, (_, i) => `many${i}`)
  const keys = await Promise.all(names.map(name => create(client, name, { containers: [busybox('exec sleep 1000')] })))
  const latest = () => client.list(pods, { namespace: 'default' })
  const running = (p: Pod) => p.metadata.name.startsWith('many') && p.status.phase === 'Running'
  await until(latest, list => list.items.filter(running).length === names.length)
  step(`${names.length} pods run after ${Math.round(performance.now() - start)} ms`)
  await remove(client, ...keys)
}

async function resized({ client }: Machine): Promise<void> {
  const amounts = (memory: string) => ({ limits: { cpu: '200m', memory }, requests: { cpu: '200m', memory } })
  const key = await create(client, 'resized', {
    containers: [{ ...busybox('exec sleep 1000'), resources: amounts('32Mi') }],
  })
  const pod = await until(
    () => client.get(pods, key),
    p => p.status.phase === 'Running',
  )
  const cgroups = await host.cgroups()
  const group = `/kubepods/pod${pod.metadata.uid}`
  const [id] = [pod.status.containerStatuses![0]!.containerID!.replace('containerd://', '')]
  const limits = async () => [
    (await cgroups.usage(group)).memoryLimit,
    (await cgroups.usage(`${group}/${id}`)).memoryLimit,
  ]
  assert.deepEqual(await limits(), [32 << 20, 32 << 20])
  const patch = { spec: { containers: [{ name: 'main', resources: amounts('64Mi') }] } }
  await client.patch(pods, key, patch, { type: 'strategic', subresource: 'resize' })
  await until(limits, found => found.every(limit => limit === 64 << 20))
  const after = await until(
    () => client.get(pods, key),
    p => p.status.containerStatuses?.[0]?.resources?.limits?.memory === '64Mi',
  )
  assert.equal(after.status.containerStatuses?.[0]?.restartCount, 0)
  await remove(client, key)
}

async function staticPod({ client }: Machine, folder: string): Promise<void> {
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'fixed' },
    spec: { terminationGracePeriodSeconds: 1, containers: [busybox('sleep 1000')] },
  }
  const key = { name: 'fixed-n1', namespace: 'default' }
  await host.files.write(join(folder, 'fixed.yaml'), JSON.stringify(manifest))
  const find = () => client.get(pods, key).catch(() => undefined)
  const pod = await until(find, p => p?.status.phase === 'Running')
  assert.ok(pod?.metadata.annotations?.['kubernetes.io/config.mirror'])
  await client.delete(pods, key, { gracePeriodSeconds: 0 })
  const again = await until(
    find,
    p => p !== undefined && p.metadata.uid !== pod!.metadata.uid && p.status.phase === 'Running',
  )
  assert.equal(again!.status.containerStatuses![0]!.containerID, pod!.status.containerStatuses![0]!.containerID)
  await host.files.remove(join(folder, 'fixed.yaml'))
  await until(find, p => p === undefined)
}

async function survives(
  { client, cri }: Machine,
  stop: () => Promise<void>,
  start: typeof startKubelet extends (o: never) => infer R ? () => R : never,
): Promise<void> {
  const key = await create(client, 'stays', {
    containers: [{ ...busybox('sleep 1000'), readinessProbe: { exec: { command: ['true'] } } }],
  })
  const lost = await create(client, 'lost', { containers: [busybox('sleep 1000')] })
  const before = await until(
    () => client.get(pods, key),
    p => p.status.containerStatuses?.[0]?.ready,
  )
  await until(
    () => client.get(pods, lost),
    p => p.status.phase === 'Running',
  )
  await stop()
  step('kubelet stopped')
  await client.delete(pods, lost, { gracePeriodSeconds: 0 })
  const second = await start()
  await second.ready
  await until(
    () => cri.listPodSandbox({ state: 'SANDBOX_READY' }),
    all => all.length === 1,
  )
  const after = await client.get(pods, key)
  assert.deepEqual(after.status.containerStatuses, before.status.containerStatuses)
  await remove(client, key)
  await until(
    () => cri.listPodSandbox(),
    all => all.length === 0,
  )
  await second.stop()
}

function busybox(script: string, name = 'main') {
  return { name, image, command: ['sh', '-c', script] }
}

async function create(client: Client, name: string, spec: object) {
  const metadata = { name, namespace: 'default', labels: { app: name } }
  await client.create(pods, { metadata, spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, ...spec } } as never)
  return { name, namespace: 'default' }
}

async function gone(client: Client, { name, namespace }: { name: string; namespace: string }): Promise<void> {
  await until(
    () => client.list(pods, { namespace }),
    list => list.items.every(p => p.metadata.name !== name),
  )
}

async function remove(client: Client, ...keys: { name: string; namespace: string }[]): Promise<void> {
  for (const key of keys) await client.delete(pods, key)
  for (const key of keys) await gone(client, key)
}

async function logsOf(pod: Pod): Promise<string> {
  const { namespace, name, uid } = pod.metadata
  const file = join(process.argv[2]!, 'logs', `${namespace}_${name}_${uid}`, 'main', '0.log')
  const raw = (await host.files.readIfThere(file)) ?? ''
  return raw
    .split('\n')
    .map(line => line.replace(/^\S+ \S+ F /, '').replace(/^\S+ \S+ P /, ''))
    .join('\n')
}

async function certificates(): Promise<Machine['tls']> {
  const files = new MemoryFiles()
  await ensurePki(
    '/pki',
    { nodeName: 'n1', advertiseAddress: '127.0.0.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'cluster.local' },
    { files },
  )
  const pem = async (name: string) => String(await files.read(`/pki/${name}`))
  return {
    ca: await pem('ca.crt'),
    cert: await pem('apiserver.crt'),
    key: await pem('apiserver.key'),
    clientCert: await pem('apiserver-kubelet-client.crt'),
    clientKey: await pem('apiserver-kubelet-client.key'),
  }
}

async function importBusybox(cri: Cri, folder: string): Promise<void> {
  const file = (await host.processes.find('busybox'))!
  const applets = [
    'sh',
    'cat',
    'echo',
    'sleep',
    'nc',
    'wc',
    'httpd',
    'id',
    'ls',
    'hostname',
    'env',
    'true',
    'false',
    'touch',
  ]
  const entries: Entry[] = [
    { type: 'directory', path: 'bin' },
    { type: 'file', path: 'bin/busybox', mode: 0o755, content: { file } },
    ...applets.map(name => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' }) as const),
    { type: 'directory', path: 'tmp', mode: 0o1777 },
  ]
  const out = join(folder, 'busybox.tar')
  await packImage({ name: image, out, entries, config: { Cmd: ['sh'], Env: ['PATH=/bin'] } })
  await importImage(host, cri.socket, out)
}

async function until<T>(read: () => Promise<T>, good: (value: T) => boolean | undefined): Promise<T> {
  for (const end = Date.now() + 15_000; ; await new Promise(resolve => setTimeout(resolve, 10))) {
    const value = await read()
    if (good(value)) return value
    if (Date.now() > end) assert.fail(`never came: ${JSON.stringify(value)}`)
  }
}
