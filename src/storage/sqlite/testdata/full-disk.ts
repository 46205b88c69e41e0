// Runs on a file system of 3 MB: fills it, sees writes fail together, makes room, and sees the store go on.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStorage } from '../sqlite.ts'

const folder = process.argv[2]!
const file = join(folder, 'store.db')
const ballast = join(folder, 'ballast')
writeFileSync(ballast, Buffer.alloc(2_000_000))
const store = await sqliteStorage({ file })
const told: number[] = []
store.watch({ prefix: '/' }, { events: events => told.push(...events.map(e => e.kv.modRevision)), end: () => {} })
let written = 0
let error: Error | undefined
for (; !error; written += 1) await store.put(`/k/${written}`, new Uint8Array(10_000)).catch(e => (error = e as Error))
written -= 1
console.log(error.message)
const many = await Promise.allSettled(
  Array.from({ length: 30 }, (_, i) => store.put(`/many/${i}`, new Uint8Array(50_000), { expect: 0 })),
)
assert.ok(many.every(outcome => outcome.status === 'rejected'))
assert.equal(await store.revision(), written + 1)
assert.equal((await store.range({ prefix: '/' })).count, written)
rmSync(ballast)
const { revision } = await store.put('/after', new Uint8Array(10_000), { expect: 0 })
assert.equal(revision, written + 2)
assert.deepEqual(
  told,
  Array.from({ length: written + 1 }, (_, i) => i + 2),
)
await store.close()
const again = await sqliteStorage({ file })
assert.equal(await again.revision(), revision)
assert.equal((await again.range({ prefix: '/' })).count, written + 1)
await again.close()
console.log('wrote again')
