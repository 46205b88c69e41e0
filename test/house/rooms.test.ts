import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Import, imports, sources } from './imports.ts'
import { longFiles, rooms } from './rooms.ts'

const roomOf = (file: string) => file.split('/')[1]!
const isTest = (file: string) => /\.(test|suite|scenario)\.ts$/.test(file)
const all = imports('src').filter(i => !isTest(i.file))

test('every folder of src is a room of the table', () => {
  for (const file of sources('src')) assert.ok(rooms[roomOf(file)], `${file} is in no room of test/house/rooms.ts`)
})

test('rooms import only what the table allows', () => {
  const wrong = all
    .filter(i => i.to.startsWith('src/') && roomOf(i.to) !== roomOf(i.file))
    .filter(i => !rooms[roomOf(i.file)]?.may.includes(roomOf(i.to)))
  assert.deepEqual(
    wrong.map(i => `${i.file} imports ${i.to}`),
    [],
  )
})

test('Node modules are used only by the rooms that may', () => {
  const wrong = all.filter(i => {
    const { node = [] } = rooms[roomOf(i.file)]!
    return i.to.startsWith('node:') && node !== 'any' && !node.includes(i.to)
  })
  assert.deepEqual(
    wrong.map(i => `${i.file} imports ${i.to}`),
    [],
  )
})

test('no import goes round in a circle', () => {
  const edges = new Map<string, Import[]>()
  for (const i of all) if (!i.typeOnly) edges.set(i.file, [...(edges.get(i.file) ?? []), i])
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    assert.ok(at < 0, `circle: ${[...path.slice(at), file].join(' -> ')}`)
    if (done.has(file)) return
    for (const { to } of edges.get(file) ?? []) if (to.startsWith('src/')) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) walk(file, [])
})

test('no file is longer than 500 lines without a reason', () => {
  const long = sources('src').filter(file => !file.startsWith('src/api/') && !longFiles[file])
  const over = long.filter(file => readFileSync(file, 'utf8').split('\n').length > 500)
  assert.deepEqual(over, [])
})
