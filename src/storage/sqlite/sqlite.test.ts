import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { memoryStorage } from '../memory/memory.ts'
import { bytes, Recorder, storageContract } from '../storage.suite.ts'
import { CompactedError } from '../storage.ts'
import { restoreSqlite, sqliteSnapshotStatus } from './snapshot-file.ts'
import { sqliteStorage } from './sqlite.ts'

const folder = await mkdtemp(join(tmpdir(), 'kobune-sqlite-'))
test.after(() => rm(folder, { recursive: true }))
let files = 0
const fresh = () => join(folder, `${(files += 1)}.db`)
const writer = join(import.meta.dirname, 'testdata', 'writer.ts')

storageContract('sqlite', () => sqliteStorage({ file: fresh() }))

test('sqliteStorage() finds everything again', async () => {
  const file = fresh()
  const first = await sqliteStorage({ file })
  await first.put('/a', bytes('a1'))
  await first.put('/a', bytes('a2'))
  await first.put('/b', bytes('b1'))
  await first.delete('/b')
  await first.put('/t', bytes('t'), { ttl: 0.05 })
  await first.compact(3)
  await first.close()
  assert.equal((await stat(file)).mode & 0o777, 0o600)

  const second = await sqliteStorage({ file })
  assert.deepEqual((await second.get('/a')).kv, {
    key: '/a',
    value: bytes('a2'),
    createRevision: 2,
    modRevision: 3,
    version: 2,
  })
  await assert.rejects(second.get('/a', { revision: 2 }), CompactedError)
  assert.equal((await second.get('/b', { revision: 4 })).kv?.version, 1)
  const recorder = new Recorder()
  second.watch({ prefix: '/', from: 4 }, recorder)
  await recorder.until(() => recorder.seen.length === 4)
  assert.deepEqual(
    recorder.seen.map(e => `${e.type} ${e.kv.key}`),
    ['put /b', 'delete /b', 'put /t', 'delete /t'],
  )
  await second.compact(await second.revision())
  const revision = await second.revision()
  await second.close()

  const third = await sqliteStorage({ file })
  assert.equal(await third.revision(), revision)
  await assert.rejects(third.get('/a', { revision: revision - 1 }), CompactedError)
  assert.deepEqual(
    (await third.range({ prefix: '/' })).kvs.map(kv => kv.key),
    ['/a'],
  )
  await third.close()
})

test('a snapshot of either store can be opened', async t => {
  for (const source of [memoryStorage(), await sqliteStorage({ file: fresh() })]) {
    t.after(() => source.close())
    await source.put('/a', bytes('a1'))
    await source.put('/b', bytes('b1'))
    await source.delete('/b')
    const file = fresh()
    const { revision } = await source.snapshot(file)
    const copy = await sqliteStorage({ file })
    assert.equal(await copy.revision(), revision)
    assert.deepEqual((await copy.range({ prefix: '/' })).kvs, (await source.range({ prefix: '/' })).kvs)
    await copy.close()
  }
})

test('a snapshot is checked, looked at, and restored at a later revision', async () => {
  const source = await sqliteStorage({ file: fresh() })
  await source.put('/a', bytes('a1'))
  await source.put('/b', bytes('b1'))
  const file = fresh()
  const { revision } = await source.snapshot(file)
  await source.close()
  const { size } = await stat(file)
  const { hash, ...status } = sqliteSnapshotStatus(file)
  assert.deepEqual(status, { kind: 'sqlite', revision, totalKey: 2, totalSize: size })
  assert.match(hash, /^[0-9a-f]{8}$/)

  const restored = fresh()
  assert.deepEqual(restoreSqlite(file, restored, 1000), { revision: revision + 1000 })
  const store = await sqliteStorage({ file: restored })
  assert.equal(await store.revision(), revision + 1000)
  assert.equal((await store.range({ prefix: '/' })).count, 2)
  await assert.rejects(store.get('/a', { revision }), CompactedError)
  assert.equal((await store.put('/c', bytes('c'))).revision, revision + 1001)
  await store.close()

  const damaged = fresh()
  const content = await readFile(file)
  content.fill(0xff, 4096, 6000)
  await writeFile(damaged, content)
  assert.throws(() => sqliteSnapshotStatus(damaged), new RegExp(`cannot read the store ${damaged}: .*damaged`))
})

test('sqliteStorage() says why a file cannot be opened', async t => {
  const file = fresh()
  const store = await sqliteStorage({ file })
  t.after(() => store.close())
  await assert.rejects(sqliteStorage({ file }), new RegExp(`${file}.*another process has it open`))
  const text = fresh()
  await writeFile(text, 'this is a letter, not a database, and long enough to be read as one'.repeat(20))
  await assert.rejects(sqliteStorage({ file: text }), /no SQLite database/)
  await assert.rejects(sqliteStorage({ file: join(folder, 'missing', 'x.db') }), /missing does not exist/)
  await assert.rejects(sqliteStorage({ file: folder }), new RegExp(folder))
})

test('a second process is refused by name of the file', async t => {
  const file = fresh()
  const store = await sqliteStorage({ file })
  t.after(() => store.close())
  const child = spawn(process.execPath, [writer, file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', chunk => (said += chunk))
  const [code] = await once(child, 'close')
  assert.notEqual(code, 0)
  assert.match(said, new RegExp(`${file}: another process has it open`))
})

test('kill -9 loses no acknowledged write', async () => {
  const file = fresh()
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < 5; round += 1) {
    await writeUntilKilled(file, 150 + round * 120, acknowledged)
    const store = await sqliteStorage({ file })
    for (const [key, revision] of acknowledged) {
      const { kv } = await store.get(key)
      assert.ok(kv && kv.modRevision >= revision, `${key} at ${revision} is lost after round ${round}`)
    }
    assert.ok((await store.revision()) >= Math.max(...acknowledged.values()))
    await store.close()
  }
  assert.ok(acknowledged.size > 100)
})

async function writeUntilKilled(file: string, acks: number, acknowledged: Map<string, number>): Promise<void> {
  const child = spawn(process.execPath, [writer, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  let seen = 0
  for await (const line of createInterface(child.stdout)) {
    const [key, revision] = line.split(' ')
    if (!key || !revision) continue
    acknowledged.set(key, Number(revision))
    if ((seen += 1) === acks) child.kill('SIGKILL')
  }
  await closed
  assert.ok(seen >= acks, 'the writer ended on its own')
}

test('a full disk fails writes clearly, and the store goes on when there is room', {
  skip: !canMount() && 'needs root',
}, async t => {
  const mount = await mkdtemp(join(folder, 'full-'))
  await chmod(mount, 0o700)
  const { stdout, code } = await run(t, 'unshare', [
    '-m',
    'sh',
    '-c',
    `mount -t tmpfs -o size=3m tmpfs ${mount} && exec ${process.execPath} ${join(import.meta.dirname, 'testdata', 'full-disk.ts')} ${mount}`,
  ])
  assert.equal(code, 0, stdout)
  assert.match(stdout, /the disk is full; make room on it/)
  assert.match(stdout, /wrote again/)
})

async function run(t: TestContext, command: string, args: string[]): Promise<{ stdout: string; code: number }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], signal: t.signal })
  let stdout = ''
  child.stdout.on('data', chunk => (stdout += chunk))
  const [code] = await once(child, 'close')
  return { stdout, code }
}

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}
