import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { linuxHost } from '../../host/host.ts'
import { prepareHostPath } from './host-path.ts'
import { type Payload, writePayload } from './payload.ts'
import { bindSubPath } from './sub-path.ts'

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kobune-payload-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const payload = (files: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(files).map(([path, content]) => [path, { content, mode }]))

test('writePayload() replaces all files in one step, and only when something changed', () =>
  inFolder(async folder => {
    assert.equal(await writePayload(linuxHost, folder, payload({ a: '1', 'd/b': '2' }, 0o400)), true)
    assert.equal(await readlink(join(folder, 'a')), '..data/a')
    assert.equal(await readFile(join(folder, 'd/b'), 'utf8'), '2')
    assert.equal((await stat(join(folder, 'a'))).mode & 0o777, 0o400)
    assert.equal(await writePayload(linuxHost, folder, payload({ a: '1', 'd/b': '2' }, 0o400)), false)
    const before = await readlink(join(folder, '..data'))
    assert.equal(await writePayload(linuxHost, folder, payload({ a: '3' })), true)
    assert.notEqual(await readlink(join(folder, '..data')), before)
    assert.deepEqual((await readdir(folder)).filter(n => !n.startsWith('..2')).sort(), ['..data', 'a'])
    assert.equal((await readdir(folder)).length, 3)
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), '3')
  }))

test('prepareHostPath() checks and makes what the type says', () =>
  inFolder(async folder => {
    await prepareHostPath(linuxHost, join(folder, 'new'), 'DirectoryOrCreate')
    await prepareHostPath(linuxHost, join(folder, 'new'), 'Directory')
    await prepareHostPath(linuxHost, join(folder, 'file'), 'FileOrCreate')
    await prepareHostPath(linuxHost, join(folder, 'nothing'), '')
    const message = `hostPath type check failed: ${join(folder, 'file')} is not a directory`
    await assert.rejects(prepareHostPath(linuxHost, join(folder, 'file'), 'Directory'), { message })
  }))

test('bindSubPath() does not leave the volume by links', () =>
  inFolder(async folder => {
    const volume = join(folder, 'volume')
    await mkdir(volume)
    await mkdir(join(folder, 'outside'))
    await writeFile(join(folder, 'outside/secret'), '')
    await symlink('../outside', join(volume, 'link'))
    for (const subPath of ['link', 'link/secret', '../outside', '/etc']) {
      const target = join(folder, 'target')
      await assert.rejects(bindSubPath(linuxHost, { volume, subPath, target, mode: 0o750 }), /leads out of the volume/)
    }
  }))
