import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { freePort } from '../../base/free-port.ts'
import { bytes, Recorder, storageContract } from '../storage.suite.ts'
import { UnreachableError } from '../storage.ts'
import { etcdStorage } from './etcd.ts'
import { mayRunEtcd, type RealEtcd, startEtcd, stopEtcd } from './testdata/real-etcd.ts'

const members: RealEtcd[] = []
after(() => Promise.all(members.map(stopEtcd)))

/** A new, empty etcd of one member. */
async function member(): Promise<RealEtcd> {
  const made = await startEtcd()
  members.push(made)
  return made
}

const openStore = (endpoints: readonly string[]) => etcdStorage({ endpoints, patience: 10_000 })

if (mayRunEtcd) {
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

  test('etcd: says that nothing happened when nobody can be reached, and does not take long', async t => {
    const { endpoint, process } = await member()
    const store = await openStore([endpoint])
    t.after(() => store.close())
    process.kill('SIGKILL')
    await once(process, 'exit')
    const began = performance.now()
    // The first may have been on its way when its member died.
    await store.put('/a', bytes('x')).catch(() => undefined)
    await assert.rejects(store.put('/a', bytes('x')), UnreachableError)
    await assert.rejects(store.revision(), UnreachableError)
    assert.ok(performance.now() - began < 9_000)
  })

  test('etcd: says that its quota is used up, and still deletes', async t => {
    const small = await startEtcd(undefined, undefined, { 'quota-backend-bytes': String(8 << 20) })
    members.push(small)
    const store = await openStore([small.endpoint])
    t.after(() => store.close())
    const large = Buffer.alloc(1 << 20)
    const fill = async () => {
      for (let i = 0; i < 20; i++) await store.put(`/large/${i}`, large)
    }
    await assert.rejects(fill(), { name: 'NotWrittenError', message: /quota is used up \(alarm NOSPACE\)/ })
    assert.ok((await store.get('/large/0')).kv)
    assert.ok((await store.delete('/large/0')).ok)
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

  test('etcd: calls wait while a member is restarted on purpose, and none fails', async t => {
    const first = await member()
    const store = await openStore([first.endpoint])
    t.after(() => store.close())
    assert.ok((await store.put('/a', bytes('1'))).ok)
    const release = store.hold(20_000)
    assert.equal(store.held?.(), true)
    first.process.kill('SIGTERM')
    await once(first.process, 'exit')
    let done = 0
    const calls = [store.put('/b', bytes('2')), store.get('/a'), store.range({ prefix: '/' })]
    for (const call of calls) void call.then(() => done++)
    // Longer than calls to a member that is simply gone take to fail.
    await new Promise(resolve => setTimeout(resolve, 2_500))
    assert.equal(done, 0)
    members.push({ ...first, process: spawn('etcd', first.process.spawnargs.slice(1), { stdio: 'ignore' }) })
    const other = await openStore([first.endpoint])
    t.after(() => other.close())
    release()
    await Promise.all(calls)
    assert.equal(store.held?.(), false)
  })

  test('etcd: calls that are held go on by themselves when nobody releases them', async t => {
    const store = await openStore([(await member()).endpoint])
    t.after(() => store.close())
    store.hold(200)
    assert.ok((await store.put('/a', bytes('1'))).ok)
    assert.equal(store.held?.(), false)
  })
} else test('etcd', { skip: 'etcd is not installed (apt-get install etcd-server)' }, () => {})
