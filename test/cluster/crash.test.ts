import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { busybox, Cluster } from './support/cluster.ts'
import { until } from './support/until.ts'

const writer = fileURLToPath(new URL('./support/writer.ts', import.meta.url))
const admin = '/etc/kubernetes/admin.conf'
const rounds = 20

describe('a cluster whose processes are killed', { skip: await missing() }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.up()
    await cluster.busyboxImage()
    await cluster.kubectl(['create', 'deployment', 'web', `--image=${busybox}`, '--replicas=3', '--', 'httpd', '-f'])
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout', '60s'])
    await cluster.kubectl(['expose', 'deployment', 'web', '--port=80'])
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** Which containers run under which addresses, and how often they were restarted. */
  const pods = () =>
    cluster.field(
      ['pods', '-A', '--sort-by=.metadata.name'],
      '{range .items[*]}{.metadata.name} {.status.podIP} {.status.containerStatuses[*].containerID} {.status.containerStatuses[*].restartCount}{"\\n"}{end}',
    )
  const kill = async (...kinds: readonly ('server' | 'agent')[]) => {
    const pids = await Promise.all(kinds.map(kind => cluster.processOf(kind)))
    await cluster.node.ok('kill', ['-9', ...pids])
  }
  const write = (prefix: string) => cluster.node.spawn(process.execPath, [writer, admin, prefix])
  const written = (writing: Running) => writing.output().split('\n').filter(Boolean)
  const stored = async () => {
    const names = await cluster.kubectl(['get', 'configmaps', '-o', 'name'])
    return new Set(names.split('\n').map(name => name.replace('configmap/', '')))
  }
  const lost = async (acknowledged: readonly string[]) => {
    const there = await stored()
    return acknowledged.filter(name => !there.has(name))
  }

  test('comes back with up: same containers, same addresses, nothing lost', async () => {
    const were = await pods()
    await using writing = write('both')
    await until('writes are acknowledged', async () => written(writing).length > 50, { every: 10 })
    await kill('server', 'agent')
    const listen = (await cluster.node.ok('pgrep', ['-fc', 'httpd -f'])).trim()
    assert.equal(listen, '3')
    await cluster.up()
    const after = written(writing).length
    await until('writing goes on', async () => written(writing).length > after + 20, { every: 10 })
    writing.child.stdin?.end()
    await writing.ended
    assert.deepEqual(await lost(written(writing)), [])
    assert.equal(await pods(), were)
    assert.equal(await cluster.field(['node', 'node1'], '{.status.conditions[?(@.type=="Ready")].status}'), 'True')
  })

  test('carries traffic while both are dead', async () => {
    const ip = await cluster.field(['service', 'web'], '{.spec.clusterIP}')
    await kill('server', 'agent')
    for (let i = 0; i < 6; i++) {
      const { stdout } = await cluster.node.exec('curl', [
        '-s',
        '-m',
        '3',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `http://${ip}/`,
      ])
      assert.equal(stdout, '404')
    }
    await cluster.up()
  })

  test(`has every acknowledged write after each of ${rounds} kills`, async () => {
    const were = await pods()
    const acknowledged: string[] = []
    for (let round = 1; round <= rounds; round++) {
      await using writing = write(`round${round}`)
      await until('writes are acknowledged', async () => written(writing).length > 20, { every: 5 })
      await kill('server')
      await cluster.up()
      writing.child.stdin?.end()
      await writing.ended
      const names = written(writing)
      acknowledged.push(...names)
      assert.deepEqual(await lost(names), [], `round ${round}`)
    }
    assert.deepEqual(await lost(acknowledged), [])
    assert.ok(acknowledged.length > rounds * 20)
    assert.equal(await pods(), were)
  })
})
