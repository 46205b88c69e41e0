import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CompactedError, FutureRevisionError, type Storage, type StorageEvent, type Watcher } from './storage.ts'

/** What every store must do; each backend's test calls this with a way to open an empty one. */
export function storageContract(name: string, open: () => Promise<Storage>): void {
  for (const [promise, check] of Object.entries(contract)) {
    test(`${name}: ${promise}`, async t => {
      const store = await open()
      t.after(() => store.close())
      await check(store, t)
    })
  }
}

/** Collects what a watcher is told; `until` waits for a number of events. */
export class Recorder implements Watcher {
  readonly seen: StorageEvent[] = []
  revision = 0
  ended: Error | undefined
  #wake = (): void => {}

  events(events: readonly StorageEvent[], revision: number): void {
    for (const event of events) {
      assert.ok(event.kv.modRevision > (this.seen.at(-1)?.kv.modRevision ?? 0), 'events come in order of revision')
      this.seen.push(event)
    }
    assert.ok(revision >= (events.at(-1)?.kv.modRevision ?? 0))
    this.revision = revision
    this.#wake()
  }

  end(error: Error): void {
    this.ended = error
    this.#wake()
  }

  async until(done: () => boolean, ms = 10_000): Promise<void> {
    const timeout = AbortSignal.timeout(ms)
    while (!done()) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        timeout.onabort = () => reject(new Error(`only saw ${this.seen.map(brief)} after ${ms} ms`))
      })
    }
  }
}

/** Text as a value. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value)
const brief = (event: StorageEvent): string => `${event.type} ${event.kv.key}=${text(event.kv.value)}`

async function put(store: Storage, key: string, value = 'v', expect?: number): Promise<number> {
  const result = await store.put(key, bytes(value), expect === undefined ? {} : { expect })
  assert.ok(result.ok, `${key} was not written`)
  return result.revision
}

const contract: Readonly<Record<string, (store: Storage, t: TestContext) => Promise<void>>> = {
  'starts at revision 1, and each write takes the next': async store => {
    assert.equal(await store.revision(), 1)
    assert.equal(await put(store, '/a'), 2)
    assert.equal(await put(store, '/b'), 3)
    assert.equal((await store.delete('/a')).revision, 4)
    assert.equal((await store.delete('/nothing')).revision, 4)
    assert.equal(await store.revision(), 4)
  },

  'keeps value, versions and revisions of a key': async store => {
    await put(store, '/a', 'one')
    const second = await store.put('/a', bytes('two'))
    assert.ok(second.ok)
    assert.equal(text(second.previous?.value), 'one')
    const { kv, revision } = await store.get('/a')
    assert.equal(text(kv?.value), 'two')
    assert.deepEqual([kv?.createRevision, kv?.modRevision, kv?.version, revision], [2, 3, 2, 3])
    await store.delete('/a')
    await put(store, '/a', 'again')
    const reborn = (await store.get('/a')).kv
    assert.deepEqual([reborn?.createRevision, reborn?.modRevision, reborn?.version], [5, 5, 1])
  },

  'compares and swaps': async store => {
    const first = await put(store, '/a', 'one', 0)
    const again = await store.put('/a', bytes('two'), { expect: 0 })
    assert.equal(again.ok, false)
    assert.equal(text(!again.ok ? again.current?.value : undefined), 'one')
    const second = await put(store, '/a', 'two', first)
    const late = await store.delete('/a', { expect: first })
    assert.equal(late.ok, false)
    assert.equal(!late.ok && late.current?.modRevision, second)
    const missing = await store.put('/b', bytes('x'), { expect: 7 })
    assert.equal(missing.ok, false)
    assert.equal(!missing.ok && missing.current, undefined)
    assert.equal((await store.delete('/b', { expect: 7 })).ok, false)
    assert.equal((await store.delete('/b', { expect: 0 })).ok, true)
    const gone = await store.delete('/a', { expect: second })
    assert.equal(text(gone.ok ? gone.previous?.value : undefined), 'two')
    assert.equal(await store.revision(), 4)
  },

  'gives one winner per compare-and-swap among many writers': async store => {
    const rounds = 20
    const writers = 30
    await put(store, '/counter', '0')
    const work = async () => {
      for (let done = 0; done < rounds; ) {
        const { kv } = await store.get('/counter')
        const next = bytes(String(Number(text(kv?.value)) + 1))
        if ((await store.put('/counter', next, { expect: kv?.modRevision ?? 0 })).ok) done += 1
      }
    }
    await Promise.all(Array.from({ length: writers }, work))
    const { kv } = await store.get('/counter')
    assert.equal(text(kv?.value), String(rounds * writers))
    assert.equal(kv?.version, rounds * writers + 1)
    const claims = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.put('/claim', bytes(`${i}`), { expect: 0 })),
    )
    const winner = claims.filter(c => c.ok)
    assert.equal(winner.length, 1)
    for (const claim of claims) if (!claim.ok) assert.equal(claim.current?.modRevision, winner[0]!.revision)
  },

  'ranges by prefix in order, with limit, start and count': async store => {
    for (const key of ['/p/b', '/p/a', '/p/d', '/p/c', '/o/x', '/p0', '/p']) await put(store, key)
    const all = await store.range({ prefix: '/p/' })
    assert.deepEqual([all.kvs.map(kv => kv.key), all.more, all.count], [['/p/a', '/p/b', '/p/c', '/p/d'], false, 4])
    const first = await store.range({ prefix: '/p/', limit: 2 })
    assert.deepEqual([first.kvs.map(kv => kv.key), first.more, first.count], [['/p/a', '/p/b'], true, 4])
    const rest = await store.range({ prefix: '/p/', limit: 2, start: '/p/b\0' })
    assert.deepEqual([rest.kvs.map(kv => kv.key), rest.more, rest.count], [['/p/c', '/p/d'], false, 2])
    assert.equal((await store.range({ prefix: '/q/' })).count, 0)
    assert.equal((await store.range({ prefix: '/' })).count, 7)
  },

  'reads the past': async store => {
    await put(store, '/p/a', 'a1')
    const then = await put(store, '/p/b', 'b1')
    await put(store, '/p/a', 'a2')
    await store.delete('/p/b')
    await put(store, '/p/c', 'c1')
    const past = await store.range({ prefix: '/p/', revision: then })
    assert.deepEqual(
      past.kvs.map(kv => text(kv.value)),
      ['a1', 'b1'],
    )
    assert.deepEqual([past.revision, past.count, past.more], [then, 2, false])
    const page = await store.range({ prefix: '/p/', revision: then, limit: 1 })
    assert.deepEqual([page.kvs.length, page.count, page.more], [1, 2, true])
    assert.equal(text((await store.get('/p/b', { revision: then })).kv?.value), 'b1')
    assert.equal((await store.get('/p/b', { revision: then + 2 })).kv, undefined)
    await assert.rejects(store.get('/p/a', { revision: 99 }), FutureRevisionError)
    await assert.rejects(store.range({ prefix: '/p/', revision: 99 }), FutureRevisionError)
  },

  'tells watchers before it acknowledges': async store => {
    const recorder = new Recorder()
    store.watch({ prefix: '/p/' }, recorder)
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const revision = await put(store, `/p/${i}`)
        assert.ok(recorder.revision >= revision, 'the event was there before the acknowledgement')
      }),
    )
    await put(store, '/other')
    await put(store, '/p/0', 'new')
    await store.delete('/p/0')
    assert.equal(recorder.seen.length, 42)
    assert.deepEqual(recorder.seen.slice(-2).map(brief), ['put /p/0=new', 'delete /p/0='])
    assert.deepEqual(
      recorder.seen.slice(-2).map(e => text(e.previous?.value)),
      ['v', 'new'],
    )
    assert.equal(recorder.seen[0]?.previous, undefined)
  },

  'watches from a revision in the past without gap or repetition': async store => {
    const from = await put(store, '/p/a')
    await put(store, '/x')
    await put(store, '/p/b')
    const recorder = new Recorder()
    const watch = store.watch({ prefix: '/p/', from }, recorder)
    await put(store, '/p/c')
    await recorder.until(() => recorder.seen.length >= 3)
    assert.deepEqual(
      recorder.seen.map(e => e.kv.key),
      ['/p/a', '/p/b', '/p/c'],
    )
    watch.stop()
    await put(store, '/p/d')
    assert.equal(recorder.seen.length, 3)
    assert.equal(recorder.ended, undefined)
  },

  'forgets what is compacted': async store => {
    const first = await put(store, '/p/a', 'a1')
    await put(store, '/p/b', 'b1')
    const last = await put(store, '/p/a', 'a2')
    await put(store, '/p/a', 'a3')
    await store.compact(last)
    await assert.rejects(
      store.get('/p/a', { revision: first }),
      (e: CompactedError) => e instanceof CompactedError && e.compactRevision === last,
    )
    await assert.rejects(store.range({ prefix: '/p/', revision: first }), CompactedError)
    assert.deepEqual(
      (await store.range({ prefix: '/p/', revision: last })).kvs.map(kv => text(kv.value)),
      ['a2', 'b1'],
    )
    const gone = new Recorder()
    store.watch({ prefix: '/p/', from: first }, gone)
    await gone.until(() => gone.ended !== undefined)
    assert.ok(gone.ended instanceof CompactedError)
    const held = new Recorder()
    store.watch({ prefix: '/p/', from: last + 1 }, held)
    await held.until(() => held.seen.length > 0)
    assert.deepEqual(held.seen.map(brief), ['put /p/a=a3'])
    await assert.rejects(store.compact(last + 50), FutureRevisionError)
    await put(store, '/p/a', 'a4')
    assert.equal((await store.get('/p/a')).kv?.version, 4)
  },

  'deletes a key when its time to live is over': async store => {
    const recorder = new Recorder()
    store.watch({ prefix: '/t/' }, recorder)
    await store.put('/t/short', bytes('x'), { ttl: 1 })
    await store.put('/t/renewed', bytes('x'), { ttl: 1 })
    await put(store, '/t/renewed', 'y')
    await recorder.until(() => recorder.seen.some(e => e.type === 'delete'))
    assert.deepEqual(recorder.seen.slice(3).map(brief), ['delete /t/short='])
    assert.equal(text(recorder.seen[3]?.previous?.value), 'x')
    assert.equal((await store.get('/t/short')).kv, undefined)
    assert.equal(text((await store.get('/t/renewed')).kv?.value), 'y')
  },

  'writes a snapshot to a new file': async (store, t) => {
    const folder = await mkdtemp(join(tmpdir(), 'kobune-snapshot-'))
    t.after(() => rm(folder, { recursive: true }))
    const revision = await put(store, '/a')
    const file = join(folder, 'snapshot.db')
    assert.deepEqual(await store.snapshot(file), { revision })
    assert.ok((await stat(file)).size > 0)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await assert.rejects(store.snapshot(file), /snapshot\.db/)
    await put(store, '/b')
  },

  'refuses bad input': async store => {
    await assert.rejects(store.put('', bytes('x')), TypeError)
    await assert.rejects(store.put('/a', 'text' as unknown as Uint8Array), TypeError)
    await assert.rejects(store.put('/a', bytes('x'), { ttl: -1 }), RangeError)
    await assert.rejects(store.put('/a', bytes('x'), { expect: -1 }), RangeError)
    await assert.rejects(store.get('/a', { revision: 0 }), RangeError)
    assert.equal(await store.revision(), 1)
    assert.deepEqual((await store.put('/empty', new Uint8Array(0))).ok, true)
    assert.equal((await store.get('/empty')).kv?.value.byteLength, 0)
    assert.equal((await store.size()).keys, 1)
  },

  'outlives a watcher that throws': async store => {
    const recorder = new Recorder()
    let ended: Error | undefined
    store.watch({ prefix: '/' }, { events: () => assert.fail('broken watcher'), end: error => (ended = error) })
    store.watch({ prefix: '/' }, recorder)
    await put(store, '/a')
    await put(store, '/b')
    assert.match(String(ended?.cause), /broken watcher/)
    assert.equal(recorder.seen.length, 2)
  },

  'finishes writes under way when it is closed, and refuses later ones': async store => {
    const recorder = new Recorder()
    store.watch({ prefix: '/' }, recorder)
    const writes = Array.from({ length: 20 }, (_, i) => store.put(`/${i}`, bytes('x')))
    await new Promise(resolve => setImmediate(resolve))
    await store.close()
    for (const write of await Promise.all(writes)) assert.ok(write.ok)
    assert.equal(recorder.seen.length, 20)
    assert.match(String(recorder.ended), /closed/)
    await assert.rejects(store.put('/late', bytes('x')), /closed/)
    await assert.rejects(store.get('/0'), /closed/)
    await store.close()
  },
}
