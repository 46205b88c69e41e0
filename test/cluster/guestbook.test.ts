import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkout } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { browserOn } from './support/browser.ts'
import { busybox, Cluster, kobune, upTimeout } from './support/cluster.ts'
import { redisArchive } from './support/images.ts'
import { until } from './support/until.ts'

const requests = fileURLToPath(new URL('./support/requests.ts', import.meta.url))
const example = `${checkout}/examples/guestbook`
const rollout = ['rollout', 'status', 'deployment/frontend', '--timeout', '90s']
const patient = { timeout: 100_000 }

describe('the guest book', { skip: await missing('chromium') }, () => {
  let cluster: Cluster
  let folder: string
  before(async () => {
    const redis = await redisArchive()
    folder = await mkdtemp(join(tmpdir(), 'kobune-guestbook-'))
    cluster = await Cluster.up()
    await cluster.importImage(redis)
    const program = [
      '--program',
      process.execPath,
      '--entrypoint',
      JSON.stringify([process.execPath, '/app/server.ts']),
    ]
    const image = ['example.com/guestbook/frontend:1', `${example}/frontend`, '--into', '/app', ...program]
    await cluster.node.ok(kobune, ['image', 'build', ...image, '--user', '65534:65534'], { timeout: upTimeout })
    await cluster.busyboxImage()
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const nodePort = () => `http://${cluster.node.address}:30080`
  const clusterIp = async () => `http://${await cluster.field(['service', 'frontend'], '{.spec.clusterIP}')}`
  const entries = async (): Promise<readonly string[]> => {
    const text = await cluster.lab.outside.ok('curl', ['-sf', '-m', '10', `${nodePort()}/entries`])
    return (JSON.parse(text) as { entries: string[] }).entries
  }

  test('comes up with kubectl apply -k', async () => {
    assert.match(await cluster.kubectl(['apply', '-k', example]), /deployment.apps\/frontend created/)
    for (const name of ['redis-leader', 'redis-follower', 'frontend']) {
      await cluster.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout', '90s'], patient)
    }
  })

  test('shows its page by node port, cluster address and name', async () => {
    assert.match(await cluster.lab.outside.ok('curl', ['-sf', '-m', '10', `${nodePort()}/`]), /<h1>Guest book<\/h1>/)
    assert.match(await cluster.node.ok('curl', ['-sf', '-m', '10', await clusterIp()]), /<h1>Guest book<\/h1>/)
    await cluster.kubectl(['run', 'visitor', `--image=${busybox}`, '--restart=Never', '--', 'sleep', '1000'])
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/visitor', '--timeout=30s'])
    for (const host of ['frontend', 'frontend.default', 'frontend.default.svc.cluster.local']) {
      const ask = `printf 'GET / HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n' | nc -w 5 ${host} 80`
      assert.match(await cluster.kubectl(['exec', 'visitor', '--', 'sh', '-c', ask]), /<h1>Guest book<\/h1>/)
    }
  })

  test('is signed in a browser', async () => {
    const browser = await browserOn(cluster.lab.outside, folder)
    try {
      const page = await browser.newPage()
      await page.goto(nodePort())
      await page.fill('#entry', 'Ahoy from a browser')
      await page.click('button')
      await page.getByText('Ahoy from a browser').waitFor({ timeout: 15_000 })
    } finally {
      await browser.close()
    }
    assert.deepEqual(await entries(), ['Ahoy from a browser'])
  })

  test('keeps its entries when every front end is deleted', async () => {
    const { stdout } = await cluster.tryKubectl(['get', 'pods', '-l', 'tier=frontend', '-o', 'name'])
    const were = stdout.trim().split('\n')
    await cluster.kubectl(['delete', 'pod', '-l', 'tier=frontend', '--wait=false'])
    await until('all front ends are other ones', async () => {
      const now = await cluster.kubectl(['get', 'pods', '-l', 'tier=frontend', '-o', 'name'])
      return were.every(pod => !now.includes(pod))
    })
    await cluster.kubectl(rollout, patient)
    assert.deepEqual(await entries(), ['Ahoy from a browser'])
  })

  test('loses no request during a rolling update', async () => {
    await using users = cluster.node.spawn(process.execPath, [requests, `${await clusterIp()}/`, '4'])
    await using strangers = cluster.lab.outside.spawn(process.execPath, [requests, `${nodePort()}/`, '2'])
    await users.said('asking')
    await strangers.said('asking')
    await cluster.kubectl(['set', 'env', 'deployment/frontend', 'MOTD=hello'])
    await cluster.kubectl(rollout, patient)
    await until('the old pods are gone', async () => {
      const now = await cluster.kubectl(['get', 'pods', '-l', 'tier=frontend', '-o', 'name'])
      return now.trim().split('\n').length === 3
    })
    for (const each of [users, strangers]) {
      each.child.stdin?.end()
      const { stdout } = await each.ended
      const { good, failed, failures } = JSON.parse(stdout.trim().split('\n').at(-1)!)
      assert.deepEqual({ failed, failures }, { failed: 0, failures: [] })
      assert.ok(good > 100, `only ${good} requests`)
    }
  })

  test('is gone after kubectl delete -k', async () => {
    await cluster.kubectl(['delete', '-k', example, '--timeout', '60s'], patient)
    await until('no pod is left', async () => {
      return (await cluster.kubectl(['get', 'pods', '-l', 'tier in (frontend,backend)', '-o', 'name'])) === ''
    })
    assert.notEqual((await cluster.lab.outside.exec('curl', ['-sf', '-m', '3', nodePort()])).code, 0)
  })
})
