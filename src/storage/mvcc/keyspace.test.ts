import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeyValue } from '../storage.ts'
import { type Change, Keyspace } from './keyspace.ts'

const seed = Number(process.env.SEED ?? 20260)

/** A generator that gives the same numbers for the same seed. */
function dice(state: number): (sides: number) => number {
  return sides => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

test(`Keyspace answers for every revision like a full copy made at that time (SEED=${seed})`, () => {
  const roll = dice(seed)
  const keys = new Keyspace()
  const copies: ReadonlyMap<string, KeyValue>[] = [new Map(), new Map()]
  const rows: Change[] = []
  const dropped = new Set<number>()
  for (let step = 0; step < 3000; step += 1) {
    const change = randomChange(keys, roll)
    if (change) {
      keys.apply(change)
      rows.push(change)
      copies.push(nextCopy(copies.at(-1)!, change))
    }
    if (roll(150) === 0) {
      const to = keys.compactRevision + roll(keys.revision - keys.compactRevision + 1)
      for (const revision of keys.compact(to)) {
        assert.ok(!dropped.has(revision), 'each change is dropped once')
        dropped.add(revision)
      }
    }
    const revision = keys.compactRevision + roll(keys.revision - keys.compactRevision + 1)
    compare(keys, copies[revision]!, revision, roll)
  }
  assertBooks(keys, rows, dropped)
})

function randomChange(keys: Keyspace, roll: (sides: number) => number): Change | undefined {
  const key = `/${roll(3)}/${roll(25)}`
  const held = keys.get(key)
  const modRevision = keys.revision + 1
  if (roll(3) > 0) {
    const kv = {
      key,
      value: new Uint8Array(roll(9)),
      createRevision: held?.createRevision ?? modRevision,
      modRevision,
      version: (held?.version ?? 0) + 1,
    }
    return { type: 'put', kv, expires: 0 }
  }
  return (
    held && {
      type: 'delete',
      kv: { key, value: new Uint8Array(0), createRevision: 0, modRevision, version: 0 },
      expires: 0,
    }
  )
}

function nextCopy(copy: ReadonlyMap<string, KeyValue>, { type, kv }: Change): ReadonlyMap<string, KeyValue> {
  const next = new Map(copy)
  if (type === 'put') next.set(kv.key, kv)
  else next.delete(kv.key)
  return next
}

function compare(
  keys: Keyspace,
  copy: ReadonlyMap<string, KeyValue>,
  revision: number,
  roll: (sides: number) => number,
): void {
  const prefix = roll(4) === 0 ? '/' : `/${roll(3)}/`
  const start = `${prefix}${roll(10)}`
  const limit = roll(12)
  const all = [...copy.values()]
    .filter(kv => kv.key.startsWith(prefix) && kv.key >= start)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const kvs = limit === 0 ? all : all.slice(0, limit)
  assert.deepEqual(keys.range({ prefix, start, limit, revision }), {
    kvs,
    revision,
    more: kvs.length < all.length,
    count: all.length,
  })
  const key = `/${roll(3)}/${roll(25)}`
  assert.equal(keys.get(key, revision), copy.get(key))
}

/** The sums are right, and what is left on a disk gives the same state again. */
function assertBooks(keys: Keyspace, rows: readonly Change[], dropped: ReadonlySet<number>): void {
  const again = new Keyspace()
  for (const row of rows) if (!dropped.has(row.kv.modRevision)) again.apply(row)
  assert.deepEqual(again.compact(keys.compactRevision), [])
  for (const revision of [keys.compactRevision, keys.revision]) {
    assert.deepEqual(again.range({ prefix: '', revision }), keys.range({ prefix: '', revision }))
  }
  assert.equal(again.events, keys.events)
  assert.equal(again.historyBytes, keys.historyBytes)
  assert.equal(again.currentBytes, keys.currentBytes)
  assert.deepEqual(
    again.since(keys.compactRevision).map(e => e.kv),
    keys.since(keys.compactRevision).map(e => e.kv),
  )
}
