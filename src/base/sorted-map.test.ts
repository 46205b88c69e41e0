import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heap } from './heap.ts'
import { prefixEnd, SortedMap } from './sorted-map.ts'

function collect(map: SortedMap<number>, start: string, end?: string): string[] {
  const keys: string[] = []
  map.scan(start, end, (_, key) => {
    keys.push(key)
    return true
  })
  return keys
}

test('SortedMap agrees with a plain sorted list under random inserts and deletes', () => {
  const map = new SortedMap<number>()
  const model = new Set<string>()
  let seed = 7
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
  for (let i = 0; i < 20_000; i += 1) {
    const key = `/k/${random(6000)}`
    if (random(3) === 0) assert.equal(map.delete(key), model.delete(key))
    else {
      map.set(key, i)
      model.add(key)
    }
  }
  const sorted = [...model].sort()
  assert.equal(map.size, sorted.length)
  assert.deepEqual(collect(map, ''), sorted)
  const within = sorted.filter(k => k >= '/k/2' && k < '/k/3')
  assert.deepEqual(collect(map, '/k/2', '/k/3'), within)
  assert.equal(map.count('/k/2', '/k/3'), within.length)
  assert.equal(map.count('/z', undefined), 0)
})

test('prefixEnd() is the first string after all with the prefix', () => {
  assert.equal(prefixEnd('/a/'), '/a0')
  assert.equal(prefixEnd(''), undefined)
  assert.equal(prefixEnd('a\uffff'), 'b')
})

test('Heap gives items in order', () => {
  const heap = new Heap<number>((a, b) => a < b)
  for (const n of [5, 1, 4, 1, 9, 0]) heap.push(n)
  assert.deepEqual(
    [...Array(7)].map(() => heap.pop()),
    [0, 1, 1, 4, 5, 9, undefined],
  )
})
