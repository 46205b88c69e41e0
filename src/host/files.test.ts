import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { linuxFiles as files } from './files.ts'

const folder = await mkdtemp(join(tmpdir(), 'kobune-files-'))
after(() => rm(folder, { recursive: true, force: true }))

test('write() replaces in one step, with the mode, making parents', async () => {
  const path = join(folder, 'a/b/secret')
  await files.write(path, 'one')
  await files.write(path, 'two', { mode: 0o600 })
  assert.equal(await files.read(path), 'two')
  assert.equal((await files.facts(path))!.mode, 0o600)
  assert.deepEqual(await files.list(join(folder, 'a/b')), ['secret'])
})

test('what is not there is undefined or empty, or a HostError that says so', async () => {
  const path = join(folder, 'nothing')
  assert.equal(await files.readIfThere(path), undefined)
  assert.equal(await files.facts(path), undefined)
  assert.deepEqual(await files.list(path), [])
  await files.remove(path)
  await assert.rejects(files.read(path), { name: 'HostError', verb: 'read', target: path, code: 'ENOENT' })
})

test('makeDirectory() gives the mode to the last folder only', async () => {
  await files.makeDirectory(join(folder, 'parent/child'), { mode: 0o700 })
  assert.equal((await files.facts(join(folder, 'parent/child')))!.mode, 0o700)
  assert.equal((await files.facts(join(folder, 'parent')))!.mode, 0o755)
})

test('symlink() replaces a link', async () => {
  const path = join(folder, 'link')
  await files.symlink('first', path)
  await files.symlink('second', path)
  assert.equal(await files.readLink(path), 'second')
})
