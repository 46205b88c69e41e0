import assert from 'node:assert/strict'
import { link, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setLogLevel } from './log.ts'
import { reloading } from './reloading.ts'

setLogLevel('silent')

async function folder(t: { after(f: () => Promise<void>): void }): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'kobune-reloading-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return made
}

test('what is made of files follows a replaced file, and a link that leads elsewhere', async t => {
  const at = await folder(t)
  const files = ['a', 'current'].map(name => join(at, name))
  await writeFile(join(at, 'a'), '1')
  await writeFile(join(at, 'old'), 'x')
  await symlink('old', join(at, 'current'))
  const load = async () => ({ value: (await Promise.all(files.map(f => readFile(f, 'utf8')))).join(), files })
  const live = await reloading({ name: 'test', load, settle: 1 })
  t.after(() => live.stop())
  assert.equal(live.current, '1,x')
  const next = () => new Promise<string>(resolve => live.on(resolve))
  let changed = next()
  await writeFile(join(at, 'a.new'), '2')
  await rename(join(at, 'a.new'), join(at, 'a'))
  assert.equal(await changed, '2,x')
  changed = next()
  await writeFile(join(at, 'new'), 'y')
  await symlink('new', join(at, 'link'))
  await rename(join(at, 'link'), join(at, 'current'))
  assert.equal(await changed, '2,y')
})

test('files that do not belong together leave the former in use until they do', async t => {
  const at = await folder(t)
  const file = join(at, 'a')
  await writeFile(file, 'good')
  let refused = 0
  const load = async () => {
    const value = await readFile(file, 'utf8')
    if (value === 'bad') {
      refused += 1
      throw new Error('half')
    }
    return { value, files: [file] }
  }
  const live = await reloading({ name: 'test', load, settle: 1 })
  t.after(() => live.stop())
  const changed = new Promise<string>(resolve => live.on(resolve))
  await writeFile(file, 'bad')
  while (refused === 0) await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal(live.current, 'good')
  await writeFile(file, 'better')
  assert.equal(await changed, 'better')
})

test('a file that is written into under another path is followed, as one that is mounted by itself is', async t => {
  const at = await folder(t)
  const [outside, inside] = [join(at, 'outside'), join(at, 'inside', 'file')]
  await mkdir(join(at, 'inside'))
  await writeFile(outside, '1')
  await link(outside, inside)
  const load = async () => ({ value: await readFile(inside, 'utf8'), files: [inside] })
  const live = await reloading({ name: 'test', load, settle: 1 })
  t.after(() => live.stop())
  const changed = new Promise<string>(resolve => live.on(resolve))
  await writeFile(outside, '22')
  assert.equal(await changed, '22')
})
