import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { checkout } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import { Cluster, kobune } from './support/cluster.ts'

/** What shows programs another time. Those written in Go do not ask it: containerd stays at the real one. */
const library = ['x86_64', 'aarch64']
  .map(machine => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find(existsSync)
const skip = library ? await missing() : 'needs libfaketime (apt-get install faketime)'
const clock = '/root/clock'
const env = {
  LD_PRELOAD: library ?? '',
  FAKETIME_TIMESTAMP_FILE: clock,
  FAKETIME_NO_CACHE: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
}

describe('a cluster of one machine whose clock is set ahead by months', { skip }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.prepare()
    await writeFile(cluster.node.file(clock), '+0d\n')
    await cluster.node.ok(kobune, ['up', '--timeout', '120s'], { env, timeout: 180_000 })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  test('has renewed its certificates before they end, and answers all the time', async t => {
    const steps = ['180', '240', '300', '360', '420', '480']
    const words = [`${checkout}/test/cluster/months.scenario.ts`, clock, cluster.node.address, ...steps]
    const said = await cluster.node.ok(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
      env,
      timeout: 150_000,
    })
    const told = JSON.parse(said.trim().split('\n').at(-1)!) as {
      readonly failures: readonly string[]
      readonly seen: Readonly<Record<string, readonly string[]>>
      readonly ready: Readonly<Record<string, boolean>>
      readonly now: string
    }
    t.diagnostic(JSON.stringify(told))
    assert.ok(Date.parse(told.now) > Date.now() + 470 * 86_400_000, 'the clock was set')
    assert.equal(told.failures.length, 0, `${told.failures.slice(0, 10).join('\n')}`)
    assert.deepEqual(told.ready, Object.fromEntries(steps.map(step => [step, true])))
    assert.ok(told.seen['API server']!.length >= 2 && told.seen.kubelet!.length >= 2)
  })
})
