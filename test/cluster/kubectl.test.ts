import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missing } from './lab/needs.ts'
import type { Finished } from './lab/run.ts'
import { busybox, Cluster } from './support/cluster.ts'
import { until } from './support/until.ts'

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: ${busybox}
          command: [sh, -c, 'mkdir /www && hostname > /www/index.html && exec httpd -f -v -h /www']
          ports: [{ name: http, containerPort: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`
const talker = `
apiVersion: v1
kind: Pod
metadata: { name: talker }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: talker
      image: ${busybox}
      stdin: true
      command: [sh, -c, 'echo started; while read line; do echo "heard $line"; done; sleep 1000']
`
const rollout = (verb: string, ...more: readonly string[]) => ['rollout', verb, 'deployment/web', ...more]
const settled = rollout('status', '--timeout=60s')

const program = fileURLToPath(new URL('./support/client-node.ts', import.meta.url))

describe('kubectl 1.32', { skip: await missing() }, () => {
  let cluster: Cluster
  const kubectl = (...args: readonly string[]) => cluster.kubectl(args)
  const fails = async (...args: readonly string[]): Promise<Finished> => {
    const finished = await cluster.tryKubectl(args)
    assert.notEqual(finished.code, 0, finished.stdout)
    return finished
  }
  /** A command on a terminal of its own, as `script` gives it. */
  const onTerminal = (line: string) => cluster.node.spawn('script', ['-qefc', line, '/dev/null'])
  /** One that stays: after a rollout, pods of the old set are Running until their time is over. */
  const aPod = async () => {
    const list = JSON.parse(
      await kubectl('get', 'pods', '-l', 'app=web', '--field-selector=status.phase=Running', '-o', 'json'),
    )
    const { items } = list as { items: { metadata: { name: string; deletionTimestamp?: string } }[] }
    const stays = items.find(({ metadata }) => !metadata.deletionTimestamp)
    assert.ok(stays, 'a pod of web runs')
    return stays.metadata.name
  }

  before(async () => {
    cluster = await Cluster.up()
    await cluster.busyboxImage()
    await cluster.write('/root/web.yaml', web)
    await kubectl('apply', '-f', '/root/web.yaml')
    await cluster.apply(talker)
    await kubectl(...settled)
    await kubectl('wait', '--for=condition=Ready', 'pod/talker', '--timeout=60s')
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  test('version and api-resources, api-versions, cluster-info', async () => {
    assert.match(await kubectl('version'), /Server Version: v1\.\d+/)
    const resources = await kubectl('api-resources')
    for (const line of [/^pods +po +v1 +true +Pod$/m, /^deployments +deploy +apps\/v1 +true +Deployment$/m])
      assert.match(resources, line)
    assert.match(await kubectl('api-versions'), /^rbac\.authorization\.k8s\.io\/v1$/m)
    assert.match(await kubectl('cluster-info'), /control plane.* is running at .*https:\/\/172\.31\.0\.1:6443/)
  })

  test('get prints the columns of each kind', async () => {
    const header = async (...args: readonly string[]) =>
      (await kubectl('get', ...args))
        .split('\n')[0]!
        .split(/ {2,}/)
        .map(c => c.trim())
    assert.deepEqual(await header('pods'), ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'])
    assert.deepEqual(await header('pods', '-o', 'wide'), [
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
      'NOMINATED NODE',
      'READINESS GATES',
    ])
    assert.deepEqual(await header('deployments', '-o', 'wide'), [
      'NAME',
      'READY',
      'UP-TO-DATE',
      'AVAILABLE',
      'AGE',
      'CONTAINERS',
      'IMAGES',
      'SELECTOR',
    ])
    assert.deepEqual(await header('replicasets'), ['NAME', 'DESIRED', 'CURRENT', 'READY', 'AGE'])
    assert.deepEqual(await header('services'), ['NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE'])
    assert.deepEqual(await header('nodes', '-o', 'wide'), [
      'NAME',
      'STATUS',
      'ROLES',
      'AGE',
      'VERSION',
      'INTERNAL-IP',
      'EXTERNAL-IP',
      'OS-IMAGE',
      'KERNEL-VERSION',
      'CONTAINER-RUNTIME',
    ])
    assert.deepEqual(await header('endpointslices'), ['NAME', 'ADDRESSTYPE', 'PORTS', 'ENDPOINTS', 'AGE'])
    assert.deepEqual(await header('events'), ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'])
    assert.match(await kubectl('get', 'all', '-l', 'app=web'), /deployment\.apps\/web +2\/2 +2 +2 /)
    assert.match(await kubectl('get', 'pods', '-A', '--show-labels'), /app=web/)
  })

  test('describe tells of an object and its events', async () => {
    const pod = await kubectl('describe', 'pod', await aPod())
    for (const line of [
      /^Node: +node1\/172\.31\.0\.1$/m,
      /^Status: +Running$/m,
      /Controlled By: +ReplicaSet\/web-/,
      /Normal +Scheduled .*Successfully assigned default\/web-/,
      /Normal +Started .*Started container web/,
    ])
      assert.match(pod, line)
    assert.match(
      await kubectl('describe', 'deployment', 'web'),
      /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/,
    )
    assert.match(await kubectl('describe', 'node', 'node1'), /Non-terminated Pods:[\s\S]*web-/)
    assert.match(await kubectl('describe', 'service', 'web'), /Endpoints: +10\.244\.\d+\.\d+:80,10\.244/)
  })

  test('explain knows the fields', async () => {
    const text = await kubectl('explain', 'deployment.spec.strategy.rollingUpdate.maxSurge')
    assert.match(text, /KIND: +Deployment[\s\S]*FIELD: +maxSurge +<IntOrString>/)
    assert.match(await kubectl('explain', 'pod.spec', '--recursive'), /livenessProbe/)
  })

  test('diff shows what apply would change, and apply changes it', async () => {
    await cluster.write('/root/web.yaml', web.replace('replicas: 2', 'replicas: 3'))
    const diff = await cluster.tryKubectl(['diff', '-f', '/root/web.yaml'])
    assert.equal(diff.code, 1, diff.stderr)
    assert.match(diff.stdout, /- {2}replicas: 2\n\+ {2}replicas: 3/)
    assert.match(await kubectl('apply', '-f', '/root/web.yaml', '--dry-run=server'), /configured \(server dry run\)/)
    assert.equal(await cluster.field(['deployment', 'web'], '{.spec.replicas}'), '2')
    assert.match(
      await kubectl('apply', '-f', '/root/web.yaml'),
      /deployment\.apps\/web configured\nservice\/web unchanged/,
    )
    await kubectl(...settled)
    assert.equal(await cluster.field(['deployment', 'web'], '{.status.readyReplicas}'), '3')
    assert.equal((await cluster.tryKubectl(['diff', '-f', '/root/web.yaml'])).code, 0)
  })

  test('edit takes what the editor wrote', async () => {
    await cluster.write('/root/editor.sh', '#!/bin/sh\nsed -i "s/replicas: 3/replicas: 2/" "$1"\n')
    await cluster.node.ok('chmod', ['+x', '/root/editor.sh'])
    const edit = ['edit', 'deployment', 'web']
    const { code, stdout, stderr } = await cluster.tryKubectl(edit, { env: { EDITOR: '/root/editor.sh' } })
    assert.equal(code, 0, stderr)
    assert.match(stdout, /deployment\.apps\/web edited/)
    assert.equal(await cluster.field(['deployment', 'web'], '{.spec.replicas}'), '2')
  })

  test('scale, patch, label, annotate, set', async () => {
    assert.match(await kubectl('scale', 'deployment/web', '--replicas=1'), /deployment\.apps\/web scaled/)
    await kubectl(...settled)
    await kubectl('patch', 'deployment', 'web', '-p', '{"spec":{"replicas":2}}')
    await kubectl(
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/metadata/annotations/note","value":"json"}]',
    )
    await kubectl('patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"tier":"front"}}}')
    await kubectl('label', 'deployment', 'web', 'stage=test')
    assert.match(
      (await fails('label', 'deployment', 'web', 'stage=other')).stderr,
      /already has a value \(test\), and --overwrite is false/,
    )
    await kubectl('annotate', 'deployment', 'web', 'note=plain', '--overwrite')
    assert.equal(
      await cluster.field(
        ['deployment', 'web'],
        '{.metadata.labels.tier} {.metadata.labels.stage} {.metadata.annotations.note}',
      ),
      'front test plain',
    )
    assert.match(
      await kubectl('set', 'resources', 'deployment/web', '--requests=cpu=10m'),
      /resource requirements updated/,
    )
    assert.match(await kubectl('set', 'env', 'deployment/web', 'COLOUR=blue'), /env updated/)
    await kubectl(...settled)
    assert.match(await kubectl('exec', await aPod(), '--', 'env'), /^COLOUR=blue$/m)
  })

  test('rollout history, undo, restart, pause and resume', async () => {
    await kubectl('annotate', 'deployment/web', 'kubernetes.io/change-cause=green')
    await kubectl('set', 'env', 'deployment/web', 'COLOUR=green')
    await kubectl(...settled)
    assert.match(await kubectl(...rollout('history')), /REVISION +CHANGE-CAUSE\n1 +/)
    await kubectl(...rollout('undo'))
    await kubectl(...settled)
    assert.match(await kubectl('exec', 'deployment/web', '--', 'env'), /^COLOUR=blue$/m)
    const was = await aPod()
    await kubectl(...rollout('restart'))
    await kubectl(...settled)
    await until('other pods run', async () => !(await kubectl('get', 'pods')).includes(was))
    assert.match(await kubectl(...rollout('pause')), /paused/)
    assert.match(await kubectl(...rollout('resume')), /resumed/)
  })

  test('logs, and logs -f while they are written', async () => {
    const pod = await aPod()
    const ip = await cluster.field(['pod', pod], '{.status.podIP}')
    await using following = cluster.startKubectl(['logs', '-f', pod])
    await cluster.node.ok('curl', ['-sf', `http://${ip}/`])
    await following.said(/GET|response:200|url/, 10_000)
    assert.notEqual(await kubectl('logs', '-l', 'app=web', '--prefix', '--timestamps'), '')
    assert.equal(await kubectl('logs', 'talker', '--tail=1'), 'started\n')
    assert.match((await fails('logs', 'talker', '-c', 'nobody')).stderr, /container nobody is not valid for pod talker/)
  })

  test('exec: output, exit code, standard input', async () => {
    assert.equal(await kubectl('exec', 'talker', '--', 'echo', 'hello'), 'hello\n')
    const { code, stdout, stderr } = await fails('exec', 'talker', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3')
    assert.deepEqual([code, stdout], [3, 'out\n'])
    assert.match(stderr, /^err\n.*exit code 3/)
    const text = 'x'.repeat(300_000)
    assert.equal(await cluster.kubectl(['exec', '-i', 'talker', '--', 'wc', '-c'], { input: text }), `${text.length}\n`)
    assert.match((await fails('exec', 'talker', '--', 'nonsense')).stderr, /nonsense/)
  })

  test('exec -it gives a terminal', async () => {
    await using shell = onTerminal('stty rows 31 cols 97; kubectl exec -it talker -- sh')
    await shell.said('# ', 10_000)
    shell.type('tty; stty size; echo $((6 * 7))\r')
    await shell.said(/\/dev\/pts\/\d+\r?\n31 97\r?\n42/, 10_000)
    shell.type('exit 5\r')
    assert.equal((await shell.ended).code, 5)
  })

  test('exec, cp and port-forward as older clients do them, over SPDY', async () => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }
    const failing = await cluster.tryKubectl(['exec', 'talker', '--', 'sh', '-c', 'echo out; exit 4'], { env })
    assert.deepEqual([failing.code, failing.stdout], [4, 'out\n'])
    const input = 'y'.repeat(200_000)
    assert.equal(await cluster.kubectl(['exec', '-i', 'talker', '--', 'wc', '-c'], { env, input }), `${input.length}\n`)
    await using forward = cluster.node.spawn('env', [
      'KUBECTL_PORT_FORWARD_WEBSOCKETS=false',
      'kubectl',
      'port-forward',
      'service/web',
      '18081:80',
    ])
    await forward.said('Forwarding from 127.0.0.1:18081', 10_000)
    assert.match(await cluster.node.ok('curl', ['-sf', '-m', '5', 'http://127.0.0.1:18081/']), /^web-/)
  })

  test('attach talks to the first process', async () => {
    await using attached = cluster.startKubectl(['attach', '-i', 'talker'])
    await until('it hears', async () => {
      attached.type('you\n')
      return attached.output().includes('heard you')
    })
    assert.match(await kubectl('logs', 'talker'), /heard you/)
  })

  test('a program with @kubernetes/client-node executes, watches, patches, reads logs, attaches', async () => {
    const said = await cluster.node.ok(process.execPath, [program, '/etc/kubernetes/admin.conf', 'talker'])
    assert.deepEqual(JSON.parse(said), {
      echo: 'hello\n',
      code: '7',
      watched: ['ADDED', 'MODIFIED', 'DELETED'],
      informed: 'kube-root-ca.crt',
      logged: 'heard you\n',
      attached: 'heard client-node',
    })
  })

  test('cp takes files there and back', async () => {
    await cluster.write('/root/there/deep/note', 'over and back\n')
    await kubectl('cp', '/root/there', 'talker:/tmp/there')
    assert.equal(await kubectl('exec', 'talker', '--', 'cat', '/tmp/there/deep/note'), 'over and back\n')
    await kubectl('cp', 'talker:/tmp/there/deep/note', '/root/back')
    assert.equal(await cluster.node.ok('cat', ['/root/back']), 'over and back\n')
  })

  test('port-forward to a pod and to a Service', async () => {
    for (const target of [`pod/${await aPod()}`, 'service/web']) {
      await using forward = cluster.startKubectl(['port-forward', target, '18080:80'])
      await forward.said('Forwarding from 127.0.0.1:18080', 10_000)
      for (let i = 0; i < 3; i++)
        assert.match(await cluster.node.ok('curl', ['-sf', '-m', '5', 'http://127.0.0.1:18080/']), /^web-/)
    }
  })

  test('run --rm -it, create, expose, delete', async () => {
    await using once = onTerminal(
      `kubectl run once --rm -it --restart=Never --image=${busybox} -- sh -c 'read line; echo got $line'`,
    )
    await until('the pod runs', async () =>
      (await cluster.tryKubectl(['get', 'pod', 'once'])).stdout.includes('Running'),
    )
    once.type('it\r')
    await once.said('got it', 20_000)
    await once.said('pod "once" deleted', 20_000)
    await kubectl('create', 'namespace', 'elsewhere')
    await kubectl('-n', 'elsewhere', 'create', 'secret', 'generic', 'hidden', '--from-literal=a=b')
    assert.match(
      await kubectl('expose', 'deployment', 'web', '--name=web2', '--port=81', '--target-port=http'),
      /service\/web2 exposed/,
    )
    assert.match(await kubectl('delete', 'service', 'web2'), /service "web2" deleted/)
    await kubectl('delete', 'namespace', 'elsewhere', '--timeout=30s')
    assert.match((await fails('get', 'namespace', 'elsewhere')).stderr, /namespaces "elsewhere" not found/)
  })

  test('wait and get -w see changes', async () => {
    await using watching = cluster.startKubectl(['get', 'configmaps', '-w'])
    await watching.said('kube-root-ca.crt', 10_000)
    await using waiting = cluster.startKubectl(['wait', '--for=delete', 'configmap/brief', '--timeout=30s'])
    await kubectl('create', 'configmap', 'brief')
    await watching.said('brief', 10_000)
    await kubectl('wait', '--for=jsonpath={.metadata.name}=brief', 'configmap/brief', '--timeout=5s')
    await kubectl('delete', 'configmap', 'brief')
    await waiting.ended
    assert.match(
      (await fails('wait', '--for=condition=Available=false', 'deployment/web', '--timeout=1s')).stderr,
      /timed out waiting for the condition/,
    )
  })

  test('auth can-i and auth whoami', async () => {
    assert.equal(await kubectl('auth', 'can-i', 'delete', 'nodes'), 'yes\n')
    const other = await cluster.tryKubectl([
      'auth',
      'can-i',
      'delete',
      'nodes',
      '--as=system:serviceaccount:default:default',
    ])
    assert.deepEqual([other.code, other.stdout], [1, 'no\n'])
    assert.match(await kubectl('auth', 'whoami'), /Username +kubernetes-admin/)
    const forbidden = await fails('get', 'secrets', '--as=someone')
    assert.match(
      forbidden.stderr,
      /secrets is forbidden: User "someone" cannot list resource "secrets" in API group "" in the namespace "default"/,
    )
  })

  test('cordon, drain and uncordon', async () => {
    await kubectl('cordon', 'node1')
    assert.match(await kubectl('get', 'nodes'), /Ready,SchedulingDisabled/)
    const was = await aPod()
    const drain = ['drain', 'node1', '--ignore-daemonsets', '--force', '--pod-selector=app=web', '--timeout=60s']
    assert.match(await cluster.kubectl(drain, { timeout: 70_000 }), /node\/node1 drained/)
    assert.match((await cluster.tryKubectl(['get', 'pod', was])).stderr, /not found/)
    assert.match(await kubectl('get', 'pods', '-l', 'app=web'), /0\/1 +Pending/)
    await kubectl('uncordon', 'node1')
    await kubectl(...settled)
  })

  test('taint, and top, which says that it has no metrics', async () => {
    await kubectl('taint', 'nodes', 'node1', 'test=yes:PreferNoSchedule')
    await kubectl('taint', 'nodes', 'node1', 'test-')
    assert.match((await fails('top', 'pods')).stderr, /Metrics API not available/)
  })

  test('says clearly what is wrong', async () => {
    assert.match(
      (await fails('get', 'pod', 'nobody')).stderr,
      /Error from server \(NotFound\): pods "nobody" not found/,
    )
    assert.match((await fails('get', 'unicorns')).stderr, /the server doesn't have a resource type "unicorns"/)
    const bad = await cluster.tryKubectl(['apply', '-f', '-'], { input: web.replace('replicas: 2', 'replicas: -1') })
    assert.match(
      bad.stderr,
      /The Deployment "web" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
    )
    const unknown = await cluster.tryKubectl(['apply', '-f', '-'], { input: web.replace('replicas: 2', 'replics: 2') })
    assert.match(unknown.stderr, /unknown field "spec\.replics"/)
  })
})
