import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bytes, Recorder, storageContract } from '../storage.suite.ts'
import { etcdStorage } from './etcd.ts'

const may = spawnSync('etcd', ['--version']).status === 0

interface Member {
  readonly process: ChildProcess
  readonly folder: string
  readonly endpoint: string
}
const members: Member[] = []
after(() => Promise.all(members.map(stop)))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A new, empty etcd of one member. */
async function member(): Promise<Member> {
  const folder = mkdtempSync(join(tmpdir(), 'kobune-etcd-'))
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const peer = `http://127.0.0.1:${await freePort()}`
  const args = {
    'data-dir': folder,
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'heartbeat-interval': '50',
    'election-timeout': '250',
  }
  const flags = Object.entries(args).map(([name, value]) => `--${name}=${value}`)
  const made = { process: spawn('etcd', ['--unsafe-no-fsync', ...flags], { stdio: 'ignore' }), folder, endpoint }
  members.push(made)
  return made
}

async function stop({ process, folder }: Member): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) {
    process.kill('SIGKILL')
    await once(process, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
}

const openStore = (endpoints: readonly string[]) => etcdStorage({ endpoints, patience: 10_000 })

if (may) {
  storageContract('etcd', async () => openStore([(await member()).endpoint]))

  test('etcd: asks another member when one cannot be reached', async t => {
    const { endpoint } = await member()
    const nobody = `http://127.0.0.1:${await freePort()}`
    const store = await openStore([nobody, endpoint])
    t.after(() => store.close())
    const recorder = new Recorder()
    store.watch({ prefix: '/' }, recorder)
    assert.ok((await store.put('/a', bytes('x'))).ok)
    await recorder.until(() => recorder.seen.length === 1)
  })

  test('etcd: a watch goes on where it was when its member comes back', async t => {
    const first = await member()
    const store = await openStore([first.endpoint])
    t.after(() => store.close())
    const recorder = new Recorder()
    store.watch({ prefix: '/' }, recorder)
    assert.ok((await store.put('/a', bytes('1'))).ok)
    first.process.kill('SIGKILL')
    await once(first.process, 'exit')
    const args = first.process.spawnargs.slice(1)
    members.push({ ...first, process: spawn('etcd', args, { stdio: 'ignore' }) })
    const other = await openStore([first.endpoint])
    t.after(() => other.close())
    assert.ok((await other.put('/b', bytes('2'))).ok)
    await recorder.until(() => recorder.seen.length === 2)
    assert.deepEqual(
      recorder.seen.map(event => event.kv.key),
      ['/a', '/b'],
    )
  })
} else test('etcd', { skip: 'etcd is not installed (apt-get install etcd-server)' }, () => {})
