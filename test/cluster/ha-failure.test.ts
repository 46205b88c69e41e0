import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { kobune } from './support/cluster.ts'
import { adminConf, KubeadmCluster, says } from './support/kubeadm-cluster.ts'
import { Load } from './support/load-on-cluster.ts'
import { until } from './support/until.ts'

/** The longest time without an acknowledged write when one machine of three is lost, milliseconds. */
const longestGap = 5_000

describe('a control plane of three machines', { skip: await missing() }, () => {
  let cluster: KubeadmCluster
  let one: Machine
  let two: Machine
  let three: Machine
  let worker: Machine
  before(async () => {
    cluster = await KubeadmCluster.bare('cp1', 'cp2', 'cp3', 'w1')
    ;[one, two, three, worker] = cluster.machines as [Machine, Machine, Machine, Machine]
    await cluster.init(one, ['--upload-certs'])
    await Promise.all([
      ...[two, three].map(machine => cluster.join(machine, cluster.invitation!.controlPlane)),
      cluster.join(worker),
    ])
    await cluster.ready(one, 4)
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** The worker writes, through its own balancer. */
  const writing = async (prefix: string) => {
    const load = await Load.start(one, worker, prefix)
    await until('writes flow', async () => load.writes().length > 20, { timeout: 20_000 })
    return load
  }

  /** Waits until writes go on after a moment; the longest time without one since then. */
  async function gapAfter(load: Load, moment: number): Promise<number> {
    await load.goesOn(moment + 2 * longestGap)
    return load.longestGap(moment)
  }

  async function endAndCheck(load: Load, from: Machine): Promise<number> {
    assert.deepEqual(await load.lost(cluster, from), [], 'acknowledged writes were lost')
    return load.writes().length
  }

  async function ready(from: Machine, names: readonly string[]): Promise<void> {
    const text = await cluster.kubectl(from, ['get', 'nodes', '--no-headers'])
    for (const name of names) assert.match(text, new RegExp(`^${name} +Ready `, 'm'))
  }

  async function backAgain(machine: Machine): Promise<void> {
    await cluster.lab.reboot(machine)
    await machine.ok(kobune, ['nodes', 'start'], { timeout: 120_000 })
    await until(
      `${machine.name} is a full member again`,
      async () => {
        const { code } = await machine.exec('kubectl', [
          '--kubeconfig',
          adminConf,
          '--server',
          `https://${machine.address}:6443`,
          'get',
          '--raw',
          '/readyz',
        ])
        return code === 0
      },
      { timeout: 90_000 },
    )
    await cluster.ready(machine, 4, 90_000)
  }

  for (const which of ['cp1', 'cp3'] as const) {
    test(`goes on within 5 s when ${which} loses power, and loses no acknowledged write`, async t => {
      const off = cluster.machine(which)
      const other = off === two ? three : two
      await using load = await writing(`off-${which}`)
      const moment = Date.now()
      await off.powerOff()
      try {
        const gap = await gapAfter(load, moment)
        t.diagnostic(`longest time without an acknowledged write: ${gap} ms; ${load.failures().length} tries failed`)
        assert.ok(gap < longestGap, `${gap} ms went by without a write; ${load.failures().slice(0, 5).join('\n')}`)
        await ready(other, ['w1', ...['cp1', 'cp2', 'cp3'].filter(name => name !== which)])
        const count = await endAndCheck(load, other)
        t.diagnostic(`${count} acknowledged writes, none lost`)
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${await says(other)}\n${await says(worker)}`, { cause: error })
      }
      await backAgain(off)
    })
  }

  test('goes on within 5 s when a machine is cut off from all others', async t => {
    await using load = await writing('cut')
    const moment = Date.now()
    await cluster.lab.cut([two], [one, three, worker])
    const gap = await gapAfter(load, moment)
    await cluster.lab.heal()
    t.diagnostic(`longest time without an acknowledged write: ${gap} ms`)
    assert.ok(gap < longestGap, `${gap} ms`)
    await endAndCheck(load, one)
    await cluster.ready(two, 4)
  })

  test('says that it has no quorum with two of three off, and recovers when one returns', async t => {
    await two.powerOff()
    await three.powerOff()
    const said = await until(
      'it says so',
      async () => {
        const { code, stdout, stderr } = await cluster.tryKubectl(one, [
          'get',
          '--raw',
          '/readyz?verbose',
          '--request-timeout',
          '8s',
        ])
        return code !== 0 && /etcd/.test(stdout + stderr) && stdout + stderr
      },
      { timeout: 40_000 },
    )
    assert.match(said, /etcd failed|no quorum|etcdserver/)
    const began = Date.now()
    const write = await cluster.tryKubectl(one, ['create', 'configmap', 'without-quorum', '--request-timeout', '25s'])
    assert.notEqual(write.code, 0)
    assert.match(write.stderr, /quorum/)
    t.diagnostic(`a write is refused after ${Date.now() - began} ms: ${write.stderr.trim().slice(0, 200)}`)
    await cluster.lab.reboot(two)
    await two.ok(kobune, ['nodes', 'start'], { timeout: 120_000 })
    await until(
      'writes are taken again',
      async () => {
        const { code } = await cluster.tryKubectl(one, [
          'create',
          'configmap',
          `again-${Date.now()}`,
          '--request-timeout',
          '5s',
        ])
        return code === 0
      },
      { timeout: 60_000 },
    )
    t.diagnostic(`writes again ${((Date.now() - began) / 1000).toFixed(1)} s later`)
  })
})
