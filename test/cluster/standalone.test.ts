import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Lab } from './lab/lab.ts'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { kobune } from './support/cluster.ts'
import { until } from './support/until.ts'

const pod = (says: string) => `apiVersion: v1
kind: Pod
metadata: { name: hello }
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: example.com/busybox:1
      command: [sh, -c, 'echo ${says} > /out/said; exec sleep 1000']
      volumeMounts: [{ name: out, mountPath: /out }]
  volumes: [{ name: out, hostPath: { path: /var/tmp/out, type: DirectoryOrCreate } }]
`
const configuration = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
staticPodPath: /etc/kubernetes/manifests
`

describe('a kubelet without an API server', { skip: await missing() }, () => {
  let lab: Lab
  let machine: Machine
  let kubelet: Running
  before(async () => {
    lab = await Lab.create()
    machine = await lab.machine('alone')
  })
  after(async () => {
    await kubelet?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  const write = async (file: string, text: string) => {
    await mkdir(dirname(machine.file(file)), { recursive: true })
    await writeFile(machine.file(file), text)
  }
  const said = () => readFile(machine.file('/var/tmp/out/said'), 'utf8').catch(() => '')

  test('waits for the container runtime, then runs the pods of files', async () => {
    await write('/var/lib/kubelet/config.yaml', configuration)
    await write('/etc/kubernetes/manifests/hello.yaml', pod('one'))
    kubelet = machine.spawn(kobune, ['kubelet', '--config=/var/lib/kubelet/config.yaml'])
    await kubelet.said('the container runtime does not answer yet', 20_000)
    await machine.ok(process.execPath, [`${checkout}/test/cluster/standalone.scenario.ts`])
    await until('the pod of the file runs', async () => (await said()) === 'one\n', { timeout: 20_000 })
  })

  test('says that it is healthy, and shows its pods to nobody', async () => {
    const { stdout } = await machine.exec('curl', ['-sS', 'http://127.0.0.1:10248/healthz'])
    assert.equal(stdout, 'ok')
    const pods = await machine.exec('curl', ['-sSk', 'https://127.0.0.1:10250/pods'])
    assert.equal(pods.stdout, 'Unauthorized\n')
  })

  test('follows the files: a changed one is another pod, and a removed one is ended', async () => {
    await write('/etc/kubernetes/manifests/hello.yaml', pod('two'))
    await until('the changed pod runs', async () => (await said()) === 'two\n', { timeout: 20_000 })
    await rm(machine.file('/etc/kubernetes/manifests/hello.yaml'))
    const sleeps = async () => (await machine.exec('pgrep', ['-f', 'sleep 1000'])).code === 0
    await until('the pod is gone', async () => !(await sleeps()), { timeout: 20_000 })
  })

  test('refuses a second one on the same machine, and flags it does not know, with a clear word', async () => {
    const second = await machine.exec(kobune, ['kubelet', '--hostname-override=other'])
    assert.notEqual(second.code, 0)
    assert.match(second.stdout + second.stderr, /EADDRINUSE|address already in use/)
    const unknown = await machine.exec(kobune, ['kubelet', '--pod-manifest-pth=/x'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /unknown flag: --pod-manifest-pth; did you mean --pod-manifest-path\?/)
  })
})
