/** Pods of all kinds on a machine, and what must be true of them: of control groups, AppArmor, Services, names. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { until } from '../cluster/support/until.ts'
import { inside, type VirtualMachine } from './machine.ts'

export const kobune = '/opt/kobune/kobune'
const image = 'example.com/busybox:1'
/** Interpreted processors are slow. */
const slowly = { timeout: 600_000, every: 3_000 }

export const kubectl = (on: VirtualMachine, args: readonly string[], input?: string) =>
  on.ok('kubectl', ['--kubeconfig', '/etc/kubernetes/admin.conf', ...args], input === undefined ? {} : { input })

/** Makes an image of busybox, and the pods of pods.yaml; resolves when they run. */
export async function startPods(on: VirtualMachine): Promise<void> {
  await on.ok('sh', [
    '-ec',
    `rm -rf /tmp/bb; mkdir -p /tmp/bb/bin /tmp/bb/tmp /tmp/bb/www
     cp /bin/busybox /tmp/bb/bin/busybox
     for each in sh httpd nc nslookup cat sleep head tail hostname; do ln -s busybox /tmp/bb/bin/$each; done
     ${kobune} image build ${image} /tmp/bb --cmd '["sh"]'; rm -r /tmp/bb`,
  ])
  await kubectl(on, ['apply', '-f', '-'], await readFile(new URL('pods.yaml', import.meta.url), 'utf8'))
  await kubectl(on, ['rollout', 'status', 'deployment/web', '--timeout=600s'])
  await kubectl(on, ['wait', '--for=condition=Ready', 'pod/client', '--timeout=600s'])
}

/** Throws for the first thing that is not as it must be. */
export async function checkPods(on: VirtualMachine): Promise<void> {
  const inClient = (script: string) => kubectl(on, ['exec', 'client', '--', 'sh', '-c', script])
  assert.equal(await kubectl(on, ['logs', 'client']), 'said\n')
  assert.match(await inClient('cat /proc/self/attr/current'), /^cri-containerd\.apparmor\.d \(enforce\)/)
  assert.match(await inClient('nslookup web.default.svc.cluster.local'), /Address:? .*10\.96\./)
  const ended = '{.status.containerStatuses[0].state.terminated.reason}'
  await until(
    'greedy is killed for its memory',
    async () => (await kubectl(on, ['get', 'pod', 'greedy', '-o', `jsonpath=${ended}`])) === 'OOMKilled',
    slowly,
  )
  await checkServices(on)
  const summary = JSON.parse(await kubectl(on, ['get', '--raw', `/api/v1/nodes/${on.name}/proxy/stats/summary`]))
  const { memory, cpu } = summary.pods.find((pod: { podRef: { name: string } }) => pod.podRef.name === 'client')
  assert.ok(memory.workingSetBytes > 0 && cpu.usageCoreNanoSeconds > 0, 'the summary counts what a pod uses')
  const limits = await on.ok('sh', [
    '-c',
    'find /sys/fs/cgroup/kubepods* -name memory.max -path "*burstable*" | xargs cat',
  ])
  assert.ok(limits.split('\n').includes(String(64 << 20)), 'the group of a pod has its limit')
}

/** Every way to a Service, from pods of the same bridge, from the machine, and from outside. */
export async function checkServices(on: VirtualMachine): Promise<void> {
  const address = (name: string) => kubectl(on, ['get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}'])
  const [web, sticky] = [await address('web'), await address('sticky')]
  const ask = (host: string, port: number) =>
    `for i in 1 2 3 4 5 6 7 8 9 10; do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${host} ${port} | tail -n 1; done`
  const fromPod = (pod: string, host: string, port: number) =>
    kubectl(on, ['exec', pod, '--', 'sh', '-c', ask(host, port)])
  const answers = (text: string) => {
    const lines = text.trim().split('\n')
    assert.equal(lines.length, 10, `ten answers: ${text}`)
    return new Set(lines).size
  }
  // A set of rules just written, or a mode just changed, may take a moment.
  await until('a pod reaches a Service', async () => answers(await fromPod('client', web, 80)) === 2, slowly)
  assert.equal(answers(await fromPod('client', sticky, 80)), 1, 'a client stays with its backend')
  const [backend = ''] = (await kubectl(on, ['get', 'pods', '-l', 'app=web', '-o', 'name'])).trim().split('\n')
  answers(await fromPod(backend, web, 80))
  answers(await fromPod('client', on.address, 30080))
  const curl = (url: string) => ['-c', `for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 5 ${url}; done`]
  answers(await on.ok('sh', curl(`http://${web}/`)))
  answers(await on.ok('sh', curl(`http://${on.address}:30080/`)))
  answers(await inside('sh', curl(`http://${on.address}:30080/`)))
}
