import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { ensurePki } from '../../src/pki/ensure-pki.ts'
import { MemoryFiles } from '../../src/pki/files.ts'
import { Lab } from './lab/lab.ts'
import { checkout, type Machine } from './lab/machine.ts'
import { missing } from './lab/needs.ts'
import type { Running } from './lab/run.ts'
import { until } from './support/until.ts'

const scenario = `${checkout}/test/cluster/balancer.scenario.ts`

describe("a node's way to the API servers", { skip: await missing() }, () => {
  let lab: Lab
  const machines: Machine[] = []
  const running: Running[] = []
  before(async () => {
    lab = await Lab.create()
    for (const name of ['api1', 'api2', 'node']) machines.push(await lab.machine(name))
    const files = new MemoryFiles()
    const config = { nodeName: 'x', advertiseAddress: '192.0.2.1', serviceCIDR: '10.96.0.0/12', dnsDomain: 'c.local' }
    await ensurePki('/pki', config, { files, which: ['ca', 'apiserver'] })
    for (const machine of machines) {
      await mkdir(machine.file('/root/pki'), { recursive: true })
      for (const name of ['ca.crt', 'apiserver.crt', 'apiserver.key']) {
        await writeFile(machine.file(`/root/pki/${name}`), String(await files.read(`/pki/${name}`)), { mode: 0o600 })
      }
    }
  })
  after(async () => {
    for (const each of running) await each[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  test('leads to another one within three seconds when the machine of the one in use loses power', async t => {
    const [first, second, node] = machines as [Machine, Machine, Machine]
    const start = async (machine: Machine, said: string, ...words: string[]) => {
      const started = machine.spawn(process.execPath, ['--disable-warning=ExperimentalWarning', scenario, ...words])
      running.push(started)
      await started.said(said, 20_000)
      return started
    }
    await start(first, 'serving', 'serve', first.address, second.address)
    await start(second, 'serving', 'serve', second.address, first.address)
    const asking = await start(node, 'answered by', 'use', first.address)
    const known = node.file('/root/api-servers.json')
    await until('the node knows both', async () => (await readFile(known, 'utf8')).includes(second.address))
    const used = /answered by (\S+)(?![\s\S]*answered by)/.exec(asking.output())?.[1]
    const [off, left] = used === first.address ? [first, second] : [second, first]
    // A machine without power says no farewell: nothing comes from it any more.
    await lab.cut([off], [left, node])
    const after = new RegExp(`answered by ${left.address} after (\\d+) ms`)
    await asking.said(after, 20_000)
    const took = Number(after.exec(asking.output())![1])
    t.diagnostic(`answered again after ${took} ms`)
    assert.ok(took < 3_000, `took ${took} ms`)
  })
})
